"""Two pulls of one scope at the same time wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from scopesift_files.errors import ScopeError


@contextmanager
def one_at_a_time(
    folder: Path, tell: Callable[[str], None], remedy: str = "choose another place with HF_HOME"
) -> Iterator[None]:
    """Hold the folder's lock; the operating system drops it when the process dies, however it dies.

    Args:
        folder: made if it is not there.
        tell: told when another process has to be waited for.
        remedy: what a person should do when the folder cannot be written to.

    Raises:
        ScopeError: the folder cannot be made or written to.
    """
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell(f"another process is working on {folder}; waiting for it")
            lock.acquire()
    except OSError as error:
        raise ScopeError(f"cannot write to {folder}: {error.strerror or error}; {remedy}") from None
    try:
        yield
    finally:
        lock.release()
