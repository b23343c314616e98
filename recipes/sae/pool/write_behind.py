"""Files that are written by a background thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECES_BEHIND = 4
"""Maximum pieces in memory, including the one being written."""


class WriteBehind:
    """One file per layer, appended to in the order of the calls.

    Write errors are raised by a later call, at the latest by `close`.
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
        """Append to every file; blocks while too many pieces are queued.

        Args:
            content: Layer -> array, contiguous, not changed afterwards.

        Raises:
            OSError: An earlier write failed.
        """
        while len(self._pending) >= PIECES_BEHIND:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._append, content))

    def close(self) -> None:
        """Wait until all is written, and close the files.

        Raises:
            OSError: A write failed.
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
