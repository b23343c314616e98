"""Homoglyphs: letters of another script that look alike, such as Cyrillic "а" in "bаd"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

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
    # imported late: it loads a table of 1 MB that few texts need
    from confusable_homoglyphs.confusables import confusables_data

    if script not in _COMMON:
        return ""
    similar = [entry["c"] for entry in confusables_data.get(letter, ())]
    found = [one for one in similar if len(one) == 1 and _COMMON[script].match(one)]
    same_case = [one for one in found if one.isupper() == letter.isupper()]
    return next(iter(same_case), _CAPITAL_I.get((letter, script), ""))
