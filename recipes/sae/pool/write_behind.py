"""Files that a thread writes while the next content is made."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECES_BEHIND = 4
"""Pieces that are held in memory at most, the one being written included."""


class WriteBehind:
    """One file a layer, appended to in the order of the calls.

    What the disk refuses is raised by a later call, at the latest by `close`.
    """

    def __init__(self, paths: Mapping[int, Path]) -> None:
        """Open the files, empty.

        Args:
            paths: Layer -> file.
        """
        self._files = {layer: path.open("wb", buffering=0) for layer, path in paths.items()}
        self._thread = ThreadPoolExecutor(1)
        self._pending: deque[Future[None]] = deque()

    def write(self, content: Mapping[int, NDArray[Any]]) -> None:
        """Append to every file; waits while too much is not written yet.

        Args:
            content: Layer -> array, contiguous, not changed afterwards.

        Raises:
            OSError: Something that was to be written before could not be.
        """
        while len(self._pending) >= PIECES_BEHIND:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._append, content))

    def close(self) -> None:
        """Wait until all is written, and close the files.

        Raises:
            OSError: Something could not be.
        """
        self._thread.shutdown()
        try:
            for piece in self._pending:
                piece.result()
        finally:
            for file in self._files.values():
                file.close()

    def _append(self, content: Mapping[int, NDArray[Any]]) -> None:
        for layer, array in content.items():
            left = array.reshape(-1).view(np.uint8).data
            while left:
                left = left[self._files[layer].write(left) :]
