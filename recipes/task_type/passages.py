"""Passages of English text without labels: prose from four sources, and conversations from novels."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recipes.task_type.speech import conversations, has_speech
from recipes.task_type.splits import length_of

BOOKS, REVIEWS, MANUALS = "books and speeches", "film reviews", "descriptions of commands"
LEAST_CHARS = 60
JOINED_CHARS = 200
"""Documents of `pretrain/` are posts and single sentences below this length."""
LONG_SENTENCES = 85
"""Mean sentence of books, speeches and reviews, in characters; shorter ones are unrelated sentences for reading aloud,
joined."""
_MANUAL = re.compile(r"(?P<command>[\w.+\[\]!-]+)[^:]{0,30}: [A-Z]")
_SENTENCE = re.compile(r".+?[.!?…]+[\"”’']*(?:\s+|$)|.+$", re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A piece of text.

    Attributes:
        text: Some sentences.
        group: What its near duplicates share: goes into one split.
        source: Where it is from, one of the names above, or how a conversation is written down.
    """

    text: str
    group: str
    source: str


def documents(data: Path, code: str) -> list[str]:
    """The documents of a language of `pretrain/`."""
    with lzma.open(data / "pretrain" / f"{code}.txt.xz", "rt", encoding="utf-8") as stream:
        return stream.read().split("\n")[:-1]


def prose(data: Path) -> Iterator[Passage]:
    """English prose: books and speeches without quotations, film reviews, and what manuals say about commands.

    The source of a document isn't stored and is told by its form: reviews are in lower case, manuals begin with a
    command and a colon.
    """
    for document in documents(data, "en"):
        if len(document) < JOINED_CHARS:
            continue
        manual = _MANUAL.match(document)
        if manual:
            yield Passage(opening(document), manual["command"], MANUALS)
        elif document == document.lower():
            yield Passage(opening(document), document, REVIEWS)
        elif not has_speech(document) and _mean_sentence(document) >= LONG_SENTENCES:
            yield Passage(opening(document), document, BOOKS)


def dialogue(data: Path) -> Iterator[Passage]:
    """English conversations: of a novel's page what the persons say, written down in one of four ways."""
    for document in documents(data, "en"):
        if len(document) >= JOINED_CHARS and document != document.lower():
            for one in conversations(document):
                if len(one.text) >= LEAST_CHARS:
                    yield Passage(one.text, document, one.form)


def opening(document: str) -> str:
    """The first sentences of a document, as many as fit the length drawn for it."""
    room, text = length_of(document), ""
    for sentence in sentences(document):
        if len(text) >= LEAST_CHARS and len(text) + len(sentence) > room:
            break
        text += sentence
    return text.strip()


def sentences(document: str) -> list[str]:
    """The sentences, each with the space behind it."""
    return _SENTENCE.findall(document)


def _mean_sentence(document: str) -> float:
    return len(document) / max(1, len(sentences(document)))
