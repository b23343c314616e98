"""Text for the SAEs: mostly English, the backbone's language, and some of five more for features of languages."""

from __future__ import annotations

import lzma
from itertools import takewhile
from pathlib import Path

from scopesift_files.atomic import write_atomically

ENGLISH = "en"
OTHERS = ("de", "es", "fr", "it", "pt")
LANGUAGES = (ENGLISH, *OTHERS)
BYTES_OF_OTHERS = 500_000


def write_text(data: Path, folder: Path) -> tuple[Path, ...]:
    """The files to train on: `pretrain/en.txt.xz`, and the first documents of the other languages in one file.

    Args:
        data: folder with `pretrain/`, whose files are shuffled.
        folder: for the file of the other languages.
    """
    others = folder / "others.txt"
    documents = [text for code in OTHERS for text in _first(data / "pretrain" / f"{code}.txt.xz")]
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(others, lambda path: path.write_text("\n".join(documents) + "\n", encoding="utf-8"))
    return data / "pretrain" / f"{ENGLISH}.txt.xz", others


def _first(path: Path) -> list[str]:
    left = BYTES_OF_OTHERS

    def fits(line: str) -> bool:
        nonlocal left
        left -= len(line.encode())
        return left >= 0

    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n") for line in takewhile(fits, file)]
