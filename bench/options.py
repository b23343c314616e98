"""Options that many benchmarks share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path | None, typer.Option(help="Folder for the JSON; default bench/results/.")]
Quick = Annotated[
    bool, typer.Option(help="Smoke test with small shapes and few repeats; the numbers are meaningless.")
]
ScopeName = Annotated[str, typer.Option(help="A scope's name or folder.")]
