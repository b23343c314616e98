"""Rates of loads do not depend on where in a call the time began or ended."""

import pytest

from bench.errors import BenchError
from bench.service.rates import steady_rate


@pytest.mark.parametrize("end", [5.0, 5.3, 5.49, 6.1])
def test_a_steady_rate_is_not_rounded_to_whole_calls(end):
    answers = [[0.0, 0.5 * number, 200] for number in range(1, 30)]
    refused = [[0.0, 0.3 * number, 429] for number in range(1, 30)]
    assert steady_rate([*answers, *refused], 32, 1.0, end) == pytest.approx(64)


def test_one_answer_is_no_rate():
    with pytest.raises(BenchError, match="1 calls were answered with 200 in 2 s"):
        steady_rate([[0.0, 1.5, 200], [0.0, 5.0, 200], [0.0, 1.7, 429]], 32, 1.0, 3.0)
