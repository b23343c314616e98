"""Homoglyphs: letters of another script that look alike, such as Cyrillic "а" in "bаd"."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

from scopesift_features.restoring.alphabets import CYRILLIC, GREEK, LATIN, script_of
from scopesift_features.restoring.edit import Edit

_WORD = re.compile(r"[^\W\d_]+")
# replacements are common letters only, not phonetic or archaic ones
_COMMON = {
    LATIN: re.compile("[A-Za-z]"),
    GREEK: re.compile("[Α-Ωα-ω]"),
    CYRILLIC: re.compile("[А-яЁёІіЇїЄєҐґ]"),
}
# missing in the table, which maps all of them to small Latin "l"
_CAPITAL_I = {
    (one, script): other
    for one in "IΙІ"
    for script, other in ((LATIN, "I"), (GREEK, "Ι"), (CYRILLIC, "І"))
    if one != other
}


def same_script(text: str) -> Iterator[Edit]:
    """Write words of mixed scripts in one script, if all their other letters have homoglyphs in it.

    A word's script is that of most of its letters without homoglyphs in the other scripts; if it has none, the text's.
    A word of one script is written in the text's script if all its letters have homoglyphs there, and the text has no
    letter of the word's script that has none.
    """
    if text.isascii():
        return
    words = list(_WORD.finditer(text))
    scripts_of = [{script_of(letter) for letter in word[0]} for word in words]
    present = set().union(*scripts_of) if words else set()
    if len(present) < 2 or not present & _COMMON.keys():
        return
    telling = Counter(script for word in words for script in _telling(word[0], present))
    if not telling:
        return
    main = max(telling, key=lambda script: (telling[script], script))
    for word, scripts in zip(words, scripts_of, strict=True):
        if len(scripts) > 1:
            own = Counter(_telling(word[0], scripts))
            target = max(scripts, key=lambda script: (own[script], telling[script], script))
        elif scripts == {main} or telling[next(iter(scripts))]:
            continue
        else:
            target = main
        letters = [letter if script_of(letter) == target else lookalike(letter, target) for letter in word[0]]
        if all(letters):
            yield from (
                Edit(at, at + 1, new) for at, new in enumerate(letters, word.start()) if new != text[at]
            )


def _telling(word: str, present: set[str]) -> Iterator[str]:
    """Scripts of the letters without homoglyphs in the other scripts."""
    for letter in word:
        own = script_of(letter)
        if not any(lookalike(letter, other) for other in present if other != own):
            yield own


@lru_cache(maxsize=4096)
def lookalike(letter: str, script: str) -> str:
    """The homoglyph of a letter in a script by Unicode's confusables table (UTS 39); "" if there is none."""
    if script not in _COMMON:
        return ""
    found = [one for one in _homoglyphs().get(letter, "") if _COMMON[script].match(one)]
    same_case = [one for one in found if one.isupper() == letter.isupper()]
    return next(iter(same_case), _CAPITAL_I.get((letter, script), ""))


@cache
def _homoglyphs() -> dict[str, str]:
    """The common letters that look like a character; read when a text needs it, few do.

    Only the data file of the package is used: its table holds far more, and stays in memory once it is imported.
    """
    path = files("confusable_homoglyphs") / "confusables.json"
    table: dict[str, list[dict[str, str]]] = json.loads(path.read_text(encoding="utf-8"))
    common = re.compile("|".join(pattern.pattern for pattern in _COMMON.values()))
    similar = {
        letter: "".join(entry["c"] for entry in entries if common.fullmatch(entry["c"]))
        for letter, entries in table.items()
    }
    return {letter: letters for letter, letters in similar.items() if letters}
