"""Train, dev and test rows of task-type: maths problems, code, knowledge questions, prose, dialogue and posts.

No shortcut may tell the labels apart. The tokenizer reads line breaks as spaces; every second question is without
the answers to choose from; passages are cut to lengths from one list; all rows are English, since maths word problems
and knowledge questions are there in English alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows, read_labelled

from recipes.bundled.domain import MMLU, MMLU_CHOICES
from recipes.task_type import code, passages
from recipes.task_type.splits import Passage, fraction, split_of

MATHS, CODE, KNOWLEDGE, PROSE, DIALOGUE, POST = "maths", "code", "knowledge", "prose", "dialogue", "post"
LABELS = (CODE, DIALOGUE, KNOWLEDGE, MATHS, POST, PROSE)
ENGLISH = "en"
ENCYCLOPAEDIA, HUMANEVAL = "sib200", "humaneval"
PER_CLASS = {"train": 600, "dev": 200, "test": 400}
PER_LANGUAGE = 60
STAND_INS = re.compile(r"@user|@url|\b(?:URL|USER|RT)\b:?|https?:?\S*")
POSTS = ("textdetox", "toxicity", "sentiment")
BETWEEN = ("math", "computer_science")
"""Subjects of MMLU between two labels: questions that calculate, or hold code. Neither fitted on nor measured."""


def task_rows(data: Path, split: str) -> LabelledText:
    """One split with up to `PER_CLASS` rows per label, taken evenly from the label's sources.

    Args:
        data: The folder that holds `benchmarks/`, `domain/` and `pretrain/`.
        split: train, dev or test.
    """
    rows = join_rows(
        [
            _maths(data, split),
            _code(data, split),
            _knowledge(data, split),
            _prose(data, split),
            _dialogue(data, split),
            _posts(data, split),
        ]
    )
    kept: list[int] = []
    for label in LABELS:
        own = [row for row, one in enumerate(rows.labels) if one == label]
        kept += _spread(rows, own, PER_CLASS[split])
    return replace(rows.select(np.sort(kept)), origin="task-type")


def sentences_of_other_languages(data: Path) -> LabelledText:
    """SIB-200's test sentences of every language but English: prose in languages without a row to fit on."""
    rows = read_labelled(data / "domain" / "test.jsonl.gz", label="domain")
    by_language: dict[str, list[int]] = {}
    for row, (lang, source) in enumerate(zip(rows.langs, rows.sources, strict=True)):
        if source != MMLU and lang is not None and lang != ENGLISH:
            by_language.setdefault(lang, []).append(row)
    kept = [row for own in by_language.values() for row in own[:PER_LANGUAGE]]
    return replace(rows.select(kept), labels=[PROSE] * len(kept))


def _maths(data: Path, split: str) -> LabelledText:
    """GSM8K: its train part in train and dev, its test part in test, without stories that differ in numbers alone."""
    parts = {
        part: read_labelled(data / "benchmarks" / f"gsm8k-{part}.jsonl.gz", label="source")
        for part in ("train", "test")
    }
    if split == "test":
        seen = {_story(text) for text in parts["train"].texts}
        rows = parts["test"]
        kept = [row for row, text in enumerate(rows.texts) if _story(text) not in seen]
    else:
        rows = parts["train"]
        kept = [
            row
            for row, text in enumerate(rows.texts)
            if (split_of(_story(text)) == "train") == (split == "train")
        ]
    return _labelled([(rows.texts[row], "gsm8k") for row in kept], MATHS)


def _code(data: Path, split: str) -> LabelledText:
    """Snippets of source, and in test also HumanEval's prompts."""
    found = _of_split(code.snippets(), split)
    if split == "test":
        prompts = read_labelled(data / "benchmarks" / "humaneval.jsonl.gz", label="source")
        found += [(text, HUMANEVAL) for text in prompts.texts]
    return _labelled(found, CODE)


def _knowledge(data: Path, split: str) -> LabelledText:
    """MMLU's questions without the subjects `BETWEEN`, every second one without the answers to choose from."""
    rows = read_labelled(data / "domain" / f"{split}.jsonl.gz", label="domain")
    found = []
    for text, subject, source in zip(rows.texts, rows.labels, rows.sources, strict=True):
        if source == MMLU and subject not in BETWEEN:
            alone = fraction(f"choices {text}") < 0.5
            found.append(("\n".join(text.split("\n")[:-MMLU_CHOICES]) if alone else text, subject))
    return _labelled(found, KNOWLEDGE)


def _prose(data: Path, split: str) -> LabelledText:
    """Passages of `passages`, and SIB-200's sentences in their own splits."""
    rows = read_labelled(data / "domain" / f"{split}.jsonl.gz", label="domain")
    sentences = [
        (text, ENCYCLOPAEDIA)
        for text, lang, source in zip(rows.texts, rows.langs, rows.sources, strict=True)
        if lang == ENGLISH and source == ENCYCLOPAEDIA
    ]
    return _labelled(
        sentences + _of_split(passages.prose(data), split) + _of_split(passages.docstrings(), split), PROSE
    )


def _dialogue(data: Path, split: str) -> LabelledText:
    return _labelled(_of_split(passages.dialogue(data), split), DIALOGUE)


def _posts(data: Path, split: str) -> LabelledText:
    """Posts and comments, toxic or not, of any mood; every second one without the stand-ins for names and links."""
    rows = join_rows([read_labelled(data / folder / "en.jsonl.gz", split=split) for folder in POSTS])
    found = []
    for text, source in zip(rows.texts, rows.sources, strict=True):
        bare = text if fraction(f"names {text}") < 0.5 else " ".join(STAND_INS.sub(" ", text).split())
        if bare:
            found.append((bare, source or ""))
    return _labelled(found, POST)


def _of_split(found: Iterable[Passage], split: str) -> list[tuple[str, str]]:
    """Text and source of the passages of a split; one that occurs in several groups is of the first one's split."""
    kept, placed = [], dict[str, str]()
    for one in found:
        key = " ".join(one.text.casefold().split())
        if placed.setdefault(key, split_of(one.group)) == split:
            kept.append((one.text, one.source))
    return kept


def _labelled(found: list[tuple[str, str]], label: str) -> LabelledText:
    """Distinct texts, given with their sources, as English rows of one label."""
    distinct = dict(found)
    n = len(distinct)
    return LabelledText(list(distinct), [label] * n, [ENGLISH] * n, list(distinct.values()), label)


def _spread(rows: LabelledText, own: list[int], wanted: int) -> list[int]:
    """As many of the rows, drawn by hash, taking from the sources in turn until each is used up."""
    ranked: list[tuple[int, str, int]] = []
    by_source: dict[str, list[int]] = {}
    for row in sorted(own, key=lambda row: fraction(rows.texts[row])):
        same = by_source.setdefault(rows.sources[row] or "", [])
        ranked.append((len(same), rows.sources[row] or "", row))
        same.append(row)
    return [row for _rank, _source, row in sorted(ranked)[:wanted]]


def _story(problem: str) -> str:
    """A problem without its numbers and small differences of spelling."""
    return re.sub(r"[\W\d]+", " ", problem.casefold()).strip()
