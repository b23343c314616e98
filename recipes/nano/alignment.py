"""Cross-lingual training data: translation groups, a word translation table, and code-switched lines."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from pathlib import Path

from recipes.nano.corpus import read_lines
from recipes.sae.twins import TranslationGroups

PIVOT = "en"
MIN_TOGETHER = 2
MIN_DICE = 0.35
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_UNSPACED = {"zh", "ja"}


def translation_groups(data: Path, lines: dict[str, list[str]]) -> list[dict[str, str]]:
    """Read `pretrain/parallel.txt.xz` and merge its pairs into groups of translations.

    A sentence's language is that of its pre-training file. Pairs are merged by union-find, so that translations in
    several languages are in one group.

    Returns:
        One `{language: sentence}` per group, each with at least two languages.
    """
    language_of: dict[str, str] = {}
    for language in lines:
        for line in lines[language]:
            language_of[line] = language
    joined = TranslationGroups()
    for line in read_lines(data / "pretrain" / "parallel.txt.xz"):
        left, right = line.split("\t")[:2]
        if left not in language_of or right not in language_of:
            # tatoeba pairs are in the other language's file as "sentence / translation"
            other = language_of.get(f"{left} / {right}") or language_of.get(f"{right} / {left}")
            if other is None:
                other = _script_language(left) or _script_language(right)
            if other is None:
                continue
            english_left = _looks_english(left) >= _looks_english(right)
            language_of.setdefault(left, PIVOT if english_left else other)
            language_of.setdefault(right, other if english_left else PIVOT)
        joined.join(left, right)
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for sentence in joined:
        groups[joined.root(sentence)][language_of[sentence]] = sentence
    return [groups[key] for key in sorted(groups) if len(groups[key]) > 1]


_ENGLISH = frozenset(
    "the a an is are was were i you he she it we they to of in on at and or not do does did have has had "  # noqa: SIM905
    "that this my your his her tom what who how when where don't can will would there be for with".split()
)
_SCRIPTS = (("ja", r"[぀-ヿ]"), ("ko", r"[가-힣]"), ("zh", r"[一-鿿]"), ("ar", r"[؀-ۿ]"), ("hi", r"[ऀ-ॿ]"))


def _looks_english(sentence: str) -> float:
    words = [word.lower() for word in _WORD.findall(sentence)]
    return sum(word in _ENGLISH for word in words) / max(1, len(words))


def _script_language(sentence: str) -> str | None:
    for language, pattern in _SCRIPTS:
        if re.search(pattern, sentence):
            return language
    return None


def words_of(sentence: str, language: str) -> set[str]:
    """The word types of a sentence, lower-cased; for languages without spaces, runs of two and three characters."""
    words = [word.lower() for word in _WORD.findall(sentence)]
    if language not in _UNSPACED:
        return set(words)
    return {word[i : i + n] for word in words for n in (2, 3) for i in range(len(word) - n + 1)}


def count_word_table(groups: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Word translations between English and every other language, by co-occurrence.

    Two words are a pair if each has the other as its best partner by the Dice coefficient over sentences (Smadja et al.
    1996), with at least `MIN_TOGETHER` co-occurrences.

    Returns:
        `{language: {english word: word}}`.
    """
    table: dict[str, dict[str, str]] = {}
    for language in sorted({language for group in groups for language in group} - {PIVOT}):
        together: Counter[tuple[str, str]] = Counter()
        left: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for group in groups:
            if PIVOT not in group or language not in group:
                continue
            ours, theirs = words_of(group[PIVOT], PIVOT), words_of(group[language], language)
            left.update(ours)
            right.update(theirs)
            together.update((a, b) for a in ours for b in theirs)
        best_left: dict[str, tuple[float, int, str]] = {}
        best_right: dict[str, tuple[float, int, str]] = {}
        for (a, b), n in together.items():
            if n < MIN_TOGETHER:
                continue
            dice = 2 * n / (left[a] + right[b])
            # among equally associated character runs, prefer the longer one
            best_left[a] = max(best_left.get(a, (0.0, 0, "")), (dice, len(b), b))
            best_right[b] = max(best_right.get(b, (0.0, 0, "")), (dice, len(a), a))
        table[language] = {
            a: b
            for a, (dice, _, b) in sorted(best_left.items())
            if dice >= MIN_DICE and best_right[b][2] == a and a != b
        }
    return table


def code_switch(line: str, language: str, table: dict[str, dict[str, str]], rng: random.Random) -> str | None:
    """Replace words of a line by the table: English ones by another language's, others by English.

    Returns:
        The mixed line, or None when fewer than two words were replaced.
    """
    if language == PIVOT:
        known = table[rng.choice(sorted(table))]
    elif language in _UNSPACED:
        return None
    else:
        known = {b: a for a, b in table[language].items()}
    replaced = 0

    def switch(match: re.Match[str]) -> str:
        nonlocal replaced
        word = known.get(match.group().lower())
        if word is None or rng.random() > 0.7:
            return match.group()
        replaced += 1
        return word

    mixed = _WORD.sub(switch, line)
    return mixed if replaced >= 2 else None
