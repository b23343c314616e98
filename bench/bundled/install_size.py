"""`python -m bench install-size`: megabytes of an installation, and of the service's, with and without torch."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench.errors import BenchError
from bench.results_file import write_result

ROOT = Path(__file__).parents[2]
WITHOUT_TORCH = {"bare": "", "service": "[service]"}
WITH_TORCH = {"torch": "[torch]", "service and torch": "[service,torch]"}


def run(out: Path | None = None, *, torch: bool = False) -> None:
    """Install this checkout into new folders with pip, from its index, and sum up the files.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
        torch: Also with the extra torch, which takes gigabytes on the way.

    Raises:
        BenchError: pip cannot install it.
    """
    sizes = {
        name: _megabytes(extra) for name, extra in (WITHOUT_TORCH | (WITH_TORCH if torch else {})).items()
    }
    table = Table("installed", "MB", "largest packages", box=box.SIMPLE_HEAD)
    for name, parts in sizes.items():
        largest = sorted(parts, key=lambda part: -parts[part])[:5]
        shown = ", ".join(f"{part} {parts[part]:.0f}" for part in largest)
        table.add_row(name, f"{sum(parts.values()):.0f}", shown)
    Console().print(table)
    write_result("install-size", {"megabytes": sizes}, out)


def _megabytes(extra: str) -> dict[str, float]:
    """Megabytes (10^6 bytes) of every top-level folder of an installation, without compiled Python files."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", folder]
        command += ["-c", str(ROOT / "constraints.txt"), f"{ROOT}{extra}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise BenchError(f"pip cannot install scopesift{extra}: {done.stderr.strip().splitlines()[-1]}")
        return {
            part.name: sum(path.lstat().st_size for path in (part, *part.rglob("*")) if path.is_file()) / 1e6
            for part in Path(folder).iterdir()
        }
