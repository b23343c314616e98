"""The error of a module for a data tool that is not installed."""

from __future__ import annotations

import re

from scopesift_files.errors import UsageError


def missing_tool(error: ModuleNotFoundError, requirement: str) -> Exception:
    """What to raise if a tool's package cannot be imported.

    Args:
        error: of the import.
        requirement: the package as pip takes it, `nemo-curator>=1.4`.

    Returns:
        A UsageError with the command that installs it; the error itself if another module is missing.
    """
    package = re.split("[<>=]", requirement)[0]
    missing = (error.name or "").partition(".")[0]
    if missing != package.replace("-", "_"):
        return error
    return UsageError(f"{package} is not installed; pip install '{requirement}'")
