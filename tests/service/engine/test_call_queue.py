"""Calls are run in turns by tokens, refused by tokens, and leave when their caller does."""

import asyncio
import threading
from types import SimpleNamespace

import pytest
from scopesift_service.engine.call_queue import CallQueue, QueueFull, QueueLimits
from scopesift_service.engine.pace import FADE_SECONDS, Pace

LIMITS = QueueLimits(queued_tokens=100, wait=10, turn_tokens=10)


class Model:
    """A token an item and letter; answers in upper case; waits for `free` before its first turn ends."""

    def __init__(self):
        self.turns = []
        self.tokenised = 0
        self.free = threading.Event()
        self.fails = False

    def size(self, items):
        return sum(map(len, items))

    def tokenise(self, items):
        self.tokenised += 1
        return SimpleNamespace(tokens=sum(map(len, items)))

    def run(self, items, texts):
        self.turns.append(list(items))
        assert self.free.wait(10)
        if self.fails:
            raise RuntimeError("broken")
        return [item.upper() for item in items]


async def until(holds):
    while not holds():
        await asyncio.sleep(0.001)


async def while_busy(model, queue, calls, act=lambda tasks: None):
    """The answers of calls that wait while the first runs; `act` gets their tasks before it ends."""
    tasks = [asyncio.create_task(queue.ask(calls[0]))]
    await until(lambda: model.turns)
    for number, call in enumerate(calls[1:], start=1):
        tasks.append(asyncio.create_task(queue.ask(call)))
        await until(lambda number=number: tasks[number].done() or len(queue._waiting) == number)
    act(tasks)
    await asyncio.sleep(0)
    model.free.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def run(calls, act=lambda tasks: None, limits=LIMITS, model=None):
    model = model or Model()

    async def ask():
        queue = CallQueue(model.size, model.tokenise, model.run, limits)
        answers = await while_busy(model, queue, calls, act)
        return answers, queue.tokens

    answers, left = asyncio.run(ask())
    assert left == 0
    return answers, model.turns


def test_what_waits_is_run_together_in_order_up_to_the_tokens_of_a_turn():
    answers, turns = run([["a"], ["bb", "c"], ["dddd"], ["eeee"], ["f"]])
    assert answers == [["A"], ["BB", "C"], ["DDDD"], ["EEEE"], ["F"]]
    assert turns == [["a"], ["bb", "c", "dddd"], ["eeee", "f"]]


def test_a_call_longer_than_a_turn_gets_one_of_its_own():
    _, turns = run([["a"], ["b" * 30], ["c"]])
    assert turns == [["a"], ["b" * 30], ["c"]]


def test_a_waiting_call_whose_caller_left_is_never_run_and_its_tokens_are_free_again():
    answers, turns = run([["a"], ["b"], ["c"], ["d"]], act=lambda tasks: tasks[2].cancel())
    assert turns == [["a"], ["b", "d"]]
    assert isinstance(answers[2], asyncio.CancelledError)
    assert answers[3] == ["D"]


def test_a_call_that_leaves_while_it_runs_costs_its_neighbours_nothing():
    answers, _ = run([["a"], ["b"]], act=lambda tasks: tasks[0].cancel())
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1] == ["B"]


def test_tokens_in_flight_are_bounded_but_one_large_call_is_always_let_in():
    limits = QueueLimits(queued_tokens=10, wait=10, turn_tokens=10)
    answers, _ = run([["a" * 30]], limits=limits)
    assert answers == [["A" * 30]]
    model = Model()

    async def ask():
        queue = CallQueue(model.size, model.tokenise, model.run, limits)
        first = asyncio.create_task(queue.ask(["a" * 6]))
        await until(lambda: model.turns)
        queue._tokens_a_character = 1.0
        with pytest.raises(QueueFull):
            await queue.ask(["b" * 5])
        assert model.tokenised == 1  # a refused call costs nothing
        model.free.set()
        await first
        return await queue.ask(["b" * 5])

    assert asyncio.run(ask()) == ["BBBBB"]


def test_a_queue_longer_than_the_wait_is_refused_at_the_measured_pace():
    model = Model()
    model.free.set()

    async def ask():
        queue = CallQueue(model.size, model.tokenise, model.run, QueueLimits(10**9, 2.0, 10))
        queue._pace.ran(100, 1.0)
        queue._tokens_a_character = 1.0
        model.free.clear()
        first = asyncio.create_task(queue.ask(["a" * 150]))
        await until(lambda: model.turns)
        with pytest.raises(QueueFull):
            await queue.ask(["b" * 60])
        model.free.set()
        await first

    asyncio.run(ask())


def test_an_engine_that_fails_fails_the_calls_of_the_turn_only():
    model = Model()
    model.fails = True
    model.free.set()

    async def ask():
        queue = CallQueue(model.size, model.tokenise, model.run, LIMITS)
        with pytest.raises(RuntimeError):
            await queue.ask(["a"])
        model.fails = False
        return await queue.ask(["b"])

    assert asyncio.run(ask()) == ["B"]


def test_the_pace_is_that_of_the_last_seconds_and_unknown_at_first():
    pace = Pace()
    assert pace.seconds(10**9) == 0
    for _ in range(20):
        pace.ran(1000, 1.0)
    assert pace.seconds(500) == pytest.approx(0.5)
    for _ in range(int(5 * FADE_SECONDS)):
        pace.ran(100, 1.0)
    assert pace.seconds(100) == pytest.approx(1.0, rel=0.1)


def test_tokens_of_a_call_are_estimated_from_the_last_calls_characters():
    model = Model()
    model.free.set()

    async def ask():
        queue = CallQueue(lambda items: 2 * model.size(items), model.tokenise, model.run, LIMITS)
        for _ in range(100):
            await queue.ask(["four"])
        return queue._tokens_a_character

    assert asyncio.run(ask()) == pytest.approx(0.5, abs=0.01)
