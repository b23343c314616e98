"""Passages of English text without labels: prose from several sources, and conversations from novels."""

from __future__ import annotations

import ast
import lzma
import re
from collections.abc import Iterator
from pathlib import Path

from recipes.task_type.code import modules, parsed
from recipes.task_type.speech import conversations, has_speech
from recipes.task_type.splits import Passage, length_of

BOOKS, REVIEWS = "books and speeches", "film reviews"
MANUALS, DOCSTRINGS = "descriptions of commands", "docstrings"
LEAST_CHARS = 60
JOINED_CHARS = 200
"""Documents of `pretrain/` are posts and single sentences below this length."""
LONG_SENTENCES = 85
"""Mean sentence of books, speeches and reviews, in characters; shorter ones are unrelated sentences for reading aloud,
joined."""
PLAIN_SHARE = 0.95
"""Minimum share of letters and blanks in a paragraph of plain English."""
_MANUAL = re.compile(r"(?P<command>[\w.+\[\]!-]+)[^:]{0,30}: [A-Z]")
_SENTENCE = re.compile(r".+?[.!?…]+[\"”’']*(?:\s+|$)|.+$", re.DOTALL)


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


def docstrings() -> Iterator[Passage]:
    """Paragraphs of plain English in the docstrings of the standard library: prose about programs, not code."""
    for file, source in modules():
        for node in ast.walk(parsed(source)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                    if _is_plain(paragraph):
                        yield Passage(opening(paragraph), file, DOCSTRINGS)


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


def _is_plain(paragraph: str) -> bool:
    """Whether a paragraph is sentences alone: nothing indented, no prompt, no list, few signs."""
    lines = paragraph.splitlines()
    letters = sum(character.isalpha() or character.isspace() for character in paragraph)
    return (
        len(paragraph) >= LEAST_CHARS
        and paragraph.endswith(".")
        and all(line[:1].isalpha() for line in lines)
        and letters >= PLAIN_SHARE * len(paragraph)
    )


def _mean_sentence(document: str) -> float:
    return len(document) / max(1, len(sentences(document)))
