"""A lock on a folder, held by one process at a time; others wait or fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from scopesift_files.errors import ScopeError, UsageError


@contextmanager
def one_at_a_time(
    folder: Path, tell: Callable[[str], None] | None = None, remedy: str = "choose another place with HF_HOME"
) -> Iterator[None]:
    """Hold the folder's lock; the operating system releases it when the process ends, even if it is killed.

    Args:
        folder: created if it doesn't exist.
        tell: called with a message before waiting for another process; None: fail instead of waiting.
        remedy: what the user should do if the folder cannot be written to.

    Raises:
        UsageError: another process holds the lock, and `tell` is None.
        ScopeError: the folder cannot be created or written to.
    """
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if tell is None:
                raise UsageError(
                    f"{folder}: another process is writing there; wait for it or stop it"
                ) from None
            tell(f"another process is working on {folder}; waiting for it")
            lock.acquire()
    except OSError as error:
        raise ScopeError(f"cannot write to {folder}: {error.strerror or error}; {remedy}") from None
    try:
        yield
    finally:
        lock.release()
