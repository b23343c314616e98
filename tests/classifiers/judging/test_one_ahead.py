import threading

import pytest
from scopesift_classifiers.judging.one_ahead import one_ahead


def test_the_next_step_runs_while_the_caller_has_the_result_of_the_one_before():
    begun = [threading.Event() for _ in range(3)]

    def step(number):
        begun[number].set()
        return number

    found = []
    for result in one_ahead(lambda number=number: step(number) for number in range(3)):
        found.append(result)
        assert result == 2 or begun[result + 1].wait(10)
    assert found == [0, 1, 2]
    assert list(one_ahead([])) == []


def test_a_step_that_fails_fails_the_caller():
    steps = one_ahead([lambda: 1, lambda: 1 / 0])
    assert next(steps) == 1
    with pytest.raises(ZeroDivisionError):
        next(steps)
