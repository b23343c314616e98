"""Published hashes of files and revisions, to check what a hub or a mirror returns."""

from __future__ import annotations

from dataclasses import dataclass

from scopesift_files.errors import ScopeError

NOT_IN_TABLE = "not in our table"


@dataclass(frozen=True)
class KnownFile:
    """An SAE file with a published hash.

    Attributes:
        repo: hub id of the SAE group.
        revision: the commit it was hashed at.
        name: the file's name, which holds the layer.
        sha256: hash of its content.
    """

    repo: str
    revision: str
    name: str
    sha256: str


# from a public study of Qwen3.5-2B; not verified on the files themselves
KNOWN_FILES = (
    KnownFile(
        "Qwen/SAE-Res-Qwen3.5-2B-Base-W32K-L0_100",
        "027267657257a8d490296286e8fab41e1c1a1a3d",
        "layer11.sae.pt",
        "d1828ace348b13cca9104f61fb47672e439e963d9d5fc5496f4c6b068a06499f",
    ),
)
KNOWN_REVISIONS = {"Qwen/Qwen3.5-2B-Base": "b1485b2fa6dfa1287294f269f5fb618e03d52d7c"}


def judge_file(repo: str, revision: str, name: str, sha256: str) -> str:
    """Look up a fetched file in the table.

    Args:
        repo: hub id of the SAE group.
        revision: the commit; for ModelScope the revision as given.
        name: the file's name.
        sha256: hash of its content.

    Returns:
        "known file", "not in our table", or a note that the table has another revision.

    Raises:
        ScopeError: the table has another hash for this file at this revision: a mirror or cache altered it.
    """
    for known in KNOWN_FILES:
        if (known.repo, known.name) != (repo, name):
            continue
        if known.sha256 == sha256:
            return "known file"
        if known.revision == revision:
            raise ScopeError(
                f"{repo}/{name} has SHA-256 {sha256}, but at revision {revision[:12]} it is known to have "
                f"{known.sha256}; do not use this mirror or cache"
            )
        return f"{NOT_IN_TABLE}, which has the file of revision {known.revision[:12]}"
    return NOT_IN_TABLE


def judge_revision(repo: str, revision: str) -> str:
    """A note whether published figures were measured on a backbone's revision."""
    return "known revision" if KNOWN_REVISIONS.get(repo) == revision else NOT_IN_TABLE
