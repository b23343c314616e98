"""Conversations from novels: what is said between quotation marks, and ways of writing it down.

If all dialogue rows had quotation marks and no other rows did, a classifier of dialogue would be one of quotation
marks. So most conversations are written as in chats, transcripts and plays: without marks, with names or with dashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recipes.task_type.splits import fraction, length_of

PRINTED, LINES, NAMED, DASHES = "as printed", "line by line", "with names", "with dashes"
AS_PRINTED = 0.3
"""Share of pages that are left as they are."""
FORMS = ((0.4, NAMED), (0.8, LINES), (1.0, DASHES))
"""How the others are written down, each with the upper end of its share."""
LEAST_TURNS = 2
LEAST_SPOKEN = 0.5
"""Share of a printed page that is spoken, in characters."""
PAIRS = (
    ("A", "B"), ("Anna", "Tom"), ("User", "Assistant"), ("Customer", "Agent"), ("Q", "A"), ("MARY", "JOHN"),
    ("Interviewer", "Guest"), ("Me", "You"), ("Dr. Hall", "Patient"), ("alice_88", "bob"), ("Lena", "Mr. Ito"),
)  # fmt: skip
_CURLY = re.compile(r"“([^“”]+)”")
_STRAIGHT = re.compile(r"(?:(?<=[\s—–(-])|^)\"(?=\S)([^\"]*[^\s\"])\"")
_MARKS = re.compile(r"[\"“”«»]|(?:^|\s)[‘'](?=\w)")


@dataclass(frozen=True)
class Conversation:
    """A conversation as text, and the form that it has."""

    text: str
    form: str


def has_speech(document: str) -> bool:
    """Whether a document has any mark of speech."""
    return _MARKS.search(document) is not None


def turns(document: str) -> list[str]:
    """What is said, turn by turn, without quotation marks and what the narrator says between them.

    A turn that the narrator interrupts ends with a comma, or goes on with a small letter.
    """
    found: list[str] = []
    for said in (one.strip() for one in spoken(document)):
        if found and (found[-1].endswith((",", "—")) or said[:1].islower()):
            before = found[-1] if said[:1].islower() else _ended(found[-1])
            found[-1] = f"{before} {said}"
        else:
            found.append(said)
    return [_ended(turn) for turn in found]


def spoken(document: str) -> list[str]:
    """What stands between quotation marks, curly or straight; nothing if the marks don't come in pairs."""
    if "“" in document:
        return _CURLY.findall(document)
    return _STRAIGHT.findall(document) if document.count('"') % 2 == 0 else []


def conversations(document: str) -> Iterator[Conversation]:
    """Of some pages a part as it is printed, if most of it is spoken; of others what is said, in pieces.

    Every piece has a form of its own.
    """
    if fraction(f"printed {document}") < AS_PRINTED:
        page = _first_words(document[_first_mark(document) :], length_of(document))
        said = spoken(page)
        if len(said) >= LEAST_TURNS and sum(map(len, said)) >= LEAST_SPOKEN * len(page):
            yield Conversation(page, PRINTED)
        return
    said = turns(document)
    while len(said) >= LEAST_TURNS:
        key = f"{len(said)} {document}"
        room, count = length_of(key), LEAST_TURNS
        while count < len(said) and sum(map(len, said[: count + 1])) <= room:
            count += 1
        drawn = fraction(f"form {key}")
        form = next(name for upper, name in FORMS if drawn < upper)
        yield Conversation("\n".join(_written(said[:count], form, key)), form)
        said = said[count:]


def _written(said: list[str], form: str, key: str) -> list[str]:
    if form == NAMED:
        names = PAIRS[int(fraction(f"names {key}") * len(PAIRS))]
        return [f"{names[number % 2]}: {turn}" for number, turn in enumerate(said)]
    return [f"– {turn}" for turn in said] if form == DASHES else said


def _ended(turn: str) -> str:
    return f"{turn[:-1]}." if turn.endswith(",") else turn


def _first_mark(document: str) -> int:
    return max(0, min((document.find(mark) for mark in '“"' if mark in document), default=0))


def _first_words(document: str, room: int) -> str:
    """The beginning of a page, up to the end of a word."""
    return document if len(document) <= room else document[:room].rsplit(" ", 1)[0]
