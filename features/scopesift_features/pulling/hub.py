"""Where weights are pulled from: the Hugging Face hub, or ModelScope when its client is installed."""

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
    """What pulling needs of a model hub."""

    def resolve(self, repo: str, revision: str | None, name: str) -> str:
        """The commit that a revision (None: the newest) stands for, asked of a file that is needed anyway."""

    def fetch(self, repo: str, commit: str, name: str) -> Path | None:
        """A file in the hub's own cache, downloaded if need be; None if the repository has no such file."""

    def fetch_optional(self, repo: str, commit: str, name: str) -> Path | None:
        """The same for a file that not every repository has; None also offline, if the cache lacks it."""

    def fetch_into(self, folder: Path, repo: str, commit: str, name: str) -> Path | None:
        """The same, but kept out of the cache: below `folder`, unless the cache has it already."""


class HuggingFaceHub:
    """The Hugging Face hub; HF_ENDPOINT, HF_HOME, tokens and offline mode work as they do everywhere.

    Whole files are never fetched twice; a broken connection goes on where it was, a killed process starts the
    file again (huggingface_hub keeps no parts of files between processes).
    """

    def resolve(self, repo: str, revision: str | None, name: str) -> str:
        """The commit of a revision; where the hub is away, the one the cache knows.

        No repository has to have a config.json: Qwen-Scope's groups list none.

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
        """A file of the hub's cache; whether it lacks the file offline or the repository does, nobody can tell."""
        from huggingface_hub import constants

        try:
            return self._download(repo, commit, name)
        except _AwayError:
            if constants.HF_HUB_OFFLINE:
                return None
            raise

    def fetch_into(self, folder: Path, repo: str, commit: str, name: str) -> Path | None:
        """A file below `folder`: converted weights replace it, so that it should not stay in the cache."""
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(repo, name, revision=commit)
        return (
            Path(cached) if isinstance(cached, str) else self._download(repo, commit, name, local_dir=folder)
        )

    def missing_bytes(self, repo: str, commit: str, name: str) -> int:
        """Bytes of a file that the hub's cache lacks; nothing is fetched.

        Raises:
            ScopeError: as `resolve`.
        """
        from huggingface_hub import hf_hub_download

        with _in_one_line(repo, commit, name):
            found = hf_hub_download(repo, name, revision=commit, dry_run=True)
        return (found.file_size or 0) if found.will_download else 0

    def knock(self) -> tuple[str, bool]:
        """See within seconds whether the hub answers at all; asking for files tries again for minutes.

        Returns:
            Its address, and whether a token is set.

        Raises:
            ScopeError: it does not, or offline mode forbids to ask.
        """
        from huggingface_hub import constants, errors, get_session, get_token

        try:
            get_session().head(constants.ENDPOINT, timeout=_PATIENCE_S)
        except errors.OfflineModeIsEnabled:
            raise ScopeError("HF_HUB_OFFLINE forbids to ask the hub; unset it once to pull") from None
        except Exception as error:  # the types are those of whichever HTTP client is below
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
    """The hub cannot be asked: no network, or offline mode."""


class _NoFileError(ScopeError):
    """The repository has no such file."""


@contextmanager
def _in_one_line(repo: str, revision: str | None, name: str) -> Iterator[None]:
    """Turn what huggingface_hub and the HTTP client below it raise into errors of one line."""
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
        # connection errors come in the types of whichever HTTP client is below
        raise ScopeError(_failed(repo, name, error)) from None


@contextmanager
def _quiet_retries() -> Iterator[None]:
    """Hide two lines for every attempt to reach a hub that is away; the error that follows says it once."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class ModelScopeHub:
    """ModelScope through its own client, which tells no commit: the revision is recorded as asked for."""

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
        """The same: ModelScope says whether the repository has a file."""
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
    """The hub that a scope's name asks for, and the name without the hub.

    Args:
        name: a scope's name; `modelscope:` before it chooses ModelScope.

    Raises:
        UsageError: ModelScope without its client.
    """
    if name.startswith(MODELSCOPE):
        return ModelScopeHub(), name.removeprefix(MODELSCOPE)
    return HuggingFaceHub(), name


def fetched(path: Path | None, repo: str, name: str) -> Path:
    """The path, if the repository had the file.

    Raises:
        ScopeError: it had not.
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
