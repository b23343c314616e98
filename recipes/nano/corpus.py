"""The pre-training text: one document per line, a small part of every language held out for the dev loss."""

from __future__ import annotations

import hashlib
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "tr", "ar", "hi", "zh", "ja", "ko")
DEV_ONE_IN = 200
SHORT_CHARACTERS = 250
"""Length below which a line is short: posts, prompts and single sentences; books, laws and manuals are longer."""


def read_lines(path: Path) -> list[str]:
    """Read an .xz text file as its list of lines, without empty ones."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; --data must hold pretrain/<language>.txt.xz")
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        return [line for line in stream.read().split("\n") if line.strip()]


def is_dev(line: str) -> bool:
    """Whether a line belongs to the held-out part, by a hash of its text."""
    return int.from_bytes(hashlib.blake2b(line.encode(), digest_size=4).digest()) % DEV_ONE_IN == 0


def read_corpus(data: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Read `pretrain/<language>.txt.xz` for every language of nano.

    Args:
        data: The folder that holds `pretrain/`.

    Returns:
        Training lines and held-out lines, each by language.
    """
    train: dict[str, list[str]] = {}
    dev: dict[str, list[str]] = {}
    for language in LANGUAGES:
        lines = read_lines(data / "pretrain" / f"{language}.txt.xz")
        train[language] = [line for line in lines if not is_dev(line)]
        dev[language] = [line for line in lines if is_dev(line)]
    return train, dev


@dataclass(frozen=True)
class EncodedLines:
    """Many lines as one flat array of token ids.

    Attributes:
        ids: uint16 `[tokens]`.
        starts: int64 `[lines + 1]`; line i is `ids[starts[i]:starts[i + 1]]`.
        short: bool `[lines]`; whether the line is shorter than `SHORT_CHARACTERS`.
    """

    ids: np.ndarray
    starts: np.ndarray
    short: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        return self.ids[self.starts[index] : self.starts[index + 1]]


def encode_lines(tokenizer: Tokenizer, lines: list[str]) -> EncodedLines:
    """Tokenise lines without any special token."""
    encodings = tokenizer.encode_batch_fast(lines, add_special_tokens=False)
    arrays = [np.asarray(encoding.ids, dtype=np.uint16) for encoding in encodings]
    starts = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
    ids = np.concatenate(arrays) if arrays else np.zeros(0, np.uint16)
    return EncodedLines(ids, starts, np.array([len(line) < SHORT_CHARACTERS for line in lines], dtype=bool))
