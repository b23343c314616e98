"""The pace from which admission tells a queue in seconds."""

import pytest
from scopesift_service.http.pace import FADE_SECONDS, Pace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def work(pace, clock, seconds, characters_a_second, calls):
    """Rounds of 0.1 s; in each `calls` calls begin together and are answered together."""
    for _ in range(round(seconds * 10)):
        pace.pass_time(0)
        begun = pace.begin()
        clock.now += 0.1
        for left in range(calls, 0, -1):
            pace.pass_time(left)
            pace.judged(characters_a_second / 10 / calls, begun)


def test_nothing_is_refused_before_anything_is_known():
    assert Pace(Clock()).seconds(10**9) == 0


def test_a_queue_is_told_in_seconds_of_the_measured_pace():
    clock = Clock()
    pace = Pace(clock)
    work(pace, clock, 5, 1000, calls=4)
    assert pace.seconds(3000) == pytest.approx(3, rel=0.05)


def test_lone_calls_and_idle_time_teach_nothing():
    clock = Clock()
    pace = Pace(clock)
    work(pace, clock, 5, 1000, calls=4)
    work(pace, clock, 60, 0, calls=1)
    clock.now += 60
    pace.pass_time(0)
    assert pace.seconds(3000) == pytest.approx(3, rel=0.05)


def test_calls_that_are_answered_together_all_count():
    """The last one of a batch is alone for a moment; leaving it out would halve the pace of two."""
    clock = Clock()
    pace = Pace(clock)
    work(pace, clock, 5, 1000, calls=2)
    assert pace.seconds(3000) == pytest.approx(3, rel=0.05)


def test_long_batches_do_not_look_faster_than_short_ones():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(8):
        pace.pass_time(0)
        begun = pace.begin()
        for _ in range(10):  # other calls come and are refused meanwhile
            clock.now += FADE_SECONDS / 10
            pace.pass_time(4)
        for left in range(4, 0, -1):
            pace.pass_time(left)
            pace.judged(1000 * FADE_SECONDS / 4, begun)
    assert pace.seconds(3000) == pytest.approx(3, rel=0.05)


def test_a_slower_engine_is_noticed():
    clock = Clock()
    pace = Pace(clock)
    work(pace, clock, 20, 1000, calls=4)
    work(pace, clock, 3 * FADE_SECONDS, 100, calls=4)
    assert pace.seconds(100) == pytest.approx(1, rel=0.4)
