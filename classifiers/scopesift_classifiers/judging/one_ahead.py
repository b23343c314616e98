"""Runs a step of a pipeline one item ahead, in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def one_ahead(calls: Iterable[Callable[[], Result]]) -> Iterator[Result]:
    """Results of calls in order; each runs while the caller works with the result of the one before."""
    with ThreadPoolExecutor(1) as beside:
        steps = iter(calls)
        first = next(steps, None)
        if first is None:
            return
        result = first()
        for call in steps:
            coming = beside.submit(call)
            yield result
            result = coming.result()
        yield result
