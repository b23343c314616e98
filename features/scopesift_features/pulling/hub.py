"""Model hubs: the Hugging Face hub, or ModelScope if its client is installed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from scopesift_files.errors import ScopeError, UsageError, first_line

MODELSCOPE = "modelscope:"
_PATIENCE_S = 10
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Hub(Protocol):
    """Interface of a model hub."""

    def resolve(self, repo: str, revision: str | None, name: str) -> str:
        """The commit of a revision (None: the newest), resolved with a file that is needed anyway."""

    def fetch(self, repo: str, commit: str, name: str) -> Path | None:
        """Path of a file in the hub's cache, downloaded if needed; None if the repository doesn't have it."""

    def fetch_optional(self, repo: str, commit: str, name: str) -> Path | None:
        """The same for an optional file; None also if offline and not in the cache."""

    def fetch_into(self, folder: Path, repo: str, commit: str, name: str) -> Path | None:
        """The same, but downloaded to `folder`, unless it is in the cache already."""


class HuggingFaceHub:
    """The Hugging Face hub; HF_ENDPOINT, HF_HOME, tokens and offline mode work as usual.

    Complete files are not fetched again. A broken connection is resumed; after a killed process a file starts again
    (huggingface_hub keeps no partial files between processes).
    """

    def resolve(self, repo: str, revision: str | None, name: str) -> str:
        """The commit of a revision; from the cache if the hub is unreachable.

        Not resolved with config.json, which Qwen-Scope's groups don't have.

        Raises:
            ScopeError: unreachable, no such repository or revision, no access, or no such file in it.
        """
        from huggingface_hub import hf_hub_download

        if revision is not None and _COMMIT.fullmatch(revision):
            return revision
        try:
            with _in_one_line(repo, revision, name):
                return hf_hub_download(repo, name, revision=revision, dry_run=True).commit_hash
        except _NoFileError:
            raise ScopeError(f"{repo} has no file {name} on the hub; is it the right repository?") from None

    def fetch(self, repo: str, commit: str, name: str) -> Path | None:
        """A file of the hub's cache."""
        return self._download(repo, commit, name)

    def fetch_optional(self, repo: str, commit: str, name: str) -> Path | None:
        """A file of the hub's cache; None if the repository doesn't have it, or offline if the cache doesn't."""
        from huggingface_hub import constants

        try:
            return self._download(repo, commit, name)
        except _AwayError:
            if constants.HF_HUB_OFFLINE:
                return None
            raise

    def fetch_into(self, folder: Path, repo: str, commit: str, name: str) -> Path | None:
        """A file in `folder`, not in the cache, since it is deleted after conversion."""
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(repo, name, revision=commit)
        return (
            Path(cached) if isinstance(cached, str) else self._download(repo, commit, name, local_dir=folder)
        )

    def missing_bytes(self, repo: str, commit: str, name: str) -> int:
        """Bytes of a file that is not in the hub's cache, else 0; nothing is fetched.

        Raises:
            ScopeError: as `resolve`.
        """
        from huggingface_hub import hf_hub_download

        with _in_one_line(repo, commit, name):
            found = hf_hub_download(repo, name, revision=commit, dry_run=True)
        return (found.file_size or 0) if found.will_download else 0

    def knock(self) -> tuple[str, bool]:
        """Check within seconds whether the hub is reachable; requests for files are retried for minutes.

        Returns:
            Its address, and whether a token is set.

        Raises:
            ScopeError: it is not reachable, or offline mode is on.
        """
        from huggingface_hub import constants, errors, get_session, get_token

        try:
            get_session().head(constants.ENDPOINT, timeout=_PATIENCE_S)
        except errors.OfflineModeIsEnabled:
            raise ScopeError("HF_HUB_OFFLINE forbids to ask the hub; unset it once to pull") from None
        except Exception as error:  # the types depend on the HTTP client
            raise ScopeError(
                f"the hub at {constants.ENDPOINT} cannot be reached ({first_line(error, 80)}); "
                "check the network and the proxy, or name a mirror with HF_ENDPOINT"
            ) from None
        return constants.ENDPOINT, get_token() is not None

    def _download(self, repo: str, revision: str, name: str, local_dir: Path | None = None) -> Path | None:
        from huggingface_hub import hf_hub_download

        try:
            with _in_one_line(repo, revision, name):
                return Path(hf_hub_download(repo, name, revision=revision, local_dir=local_dir))
        except _NoFileError:
            return None


class _AwayError(ScopeError):
    """The hub is not reachable: no network, or offline mode."""


class _NoFileError(ScopeError):
    """The repository has no such file."""


@contextmanager
def _in_one_line(repo: str, revision: str | None, name: str) -> Iterator[None]:
    """Convert exceptions of huggingface_hub and its HTTP client to errors of one line."""
    from huggingface_hub import errors

    try:
        with _quiet_retries():
            yield
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled):
        raise _AwayError(_unreachable(repo, name)) from None
    except errors.RevisionNotFoundError:
        raise ScopeError(
            f"{repo} has no revision {revision!r} on the hub; leave it out for the newest"
        ) from None
    except errors.EntryNotFoundError:
        raise _NoFileError(f"{repo} has no file {name}") from None
    except errors.GatedRepoError:
        raise ScopeError(
            f"{repo} asks for a licence to be accepted; do so on the hub and set HF_TOKEN"
        ) from None
    except errors.RepositoryNotFoundError:
        raise ScopeError(
            f"the hub has no repository {repo}, or it is private; check HF_TOKEN and HF_ENDPOINT"
        ) from None
    except Exception as error:
        # types of connection errors depend on the HTTP client
        raise ScopeError(_failed(repo, name, error)) from None


@contextmanager
def _quiet_retries() -> Iterator[None]:
    """Suppress two log lines per retry; the error that follows is enough."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class ModelScopeHub:
    """ModelScope through its client, which doesn't return commits: the revision is recorded as given."""

    def __init__(self) -> None:
        try:
            client = import_module("modelscope.hub.file_download")
        except ImportError:
            raise UsageError("pulling from ModelScope needs its client: `pip install modelscope`") from None
        self._client: Callable[..., Any] = client.model_file_download

    def resolve(self, repo: str, revision: str | None, name: str) -> str:
        """The revision itself; "master" is ModelScope's newest."""
        return revision or "master"

    def fetch(self, repo: str, commit: str, name: str) -> Path | None:
        """A file of ModelScope's cache."""
        return self._download(repo, commit, name)

    def fetch_optional(self, repo: str, commit: str, name: str) -> Path | None:
        """As `fetch`: ModelScope reports missing files."""
        return self._download(repo, commit, name)

    def fetch_into(self, folder: Path, repo: str, commit: str, name: str) -> Path | None:
        """A file below `folder`."""
        return self._download(repo, commit, name, local_dir=str(folder))

    def _download(self, repo: str, commit: str, name: str, **where: str) -> Path | None:
        try:
            return Path(self._client(model_id=repo, file_path=name, revision=commit, **where))
        except Exception as error:
            if type(error).__name__ in ("NotExistError", "NotExistsError") or "404" in str(error):
                return None
            raise ScopeError(_failed(repo, name, error)) from None


def open_hub(name: str) -> tuple[Hub, str]:
    """The hub of a scope's name, and the name without the hub's prefix.

    Args:
        name: a scope's name; with the prefix `modelscope:` ModelScope is used.

    Raises:
        UsageError: ModelScope without its client.
    """
    if name.startswith(MODELSCOPE):
        return ModelScopeHub(), name.removeprefix(MODELSCOPE)
    return HuggingFaceHub(), name


def fetched(path: Path | None, repo: str, name: str) -> Path:
    """The path, if the repository had the file.

    Raises:
        ScopeError: it doesn't have the file.
    """
    if path is None:
        raise ScopeError(f"{repo} has no file {name} at this revision; check the revision or the mirror")
    return path


def _unreachable(repo: str, name: str) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return (
            f"{repo}/{name} is not in the cache and HF_HUB_OFFLINE forbids to fetch it; unset it once to pull"
        )
    return (
        f"the hub at {constants.ENDPOINT} cannot be reached and {repo}/{name} is not in the cache; "
        "check the network or HF_ENDPOINT, then pull again (what is complete is kept)"
    )


def _failed(repo: str, name: str, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ConnectionError):
        place = f" ({error.filename})" if error.filename else ""
        return (
            f"{repo}/{name} cannot be written to this disk: {error.strerror}{place}; free space, or choose "
            "another place with HF_HOME, then pull again"
        )
    return f"{repo}/{name} could not be fetched ({first_line(error)}); pull again, what is complete is kept"
