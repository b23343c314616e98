"""One process at a time works in a folder; another waits, or is refused."""

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
    """Hold the folder's lock; the operating system drops it when the process dies, however it dies.

    Args:
        folder: made if it is not there.
        tell: told when another process has to be waited for; None: it is not waited for.
        remedy: what a person should do when the folder cannot be written to.

    Raises:
        UsageError: another process works there, and is not waited for.
        ScopeError: the folder cannot be made or written to.
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
