"""The labelled train, dev and test rows of the bundled classifiers of e5."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows, read_labelled
from scopesift_classifiers.labelled_rows.sampling import balanced

from recipes.bundled.domain import domain_rows
from recipes.nano.corpus import LANGUAGES as DOMAIN_LANGUAGES
from recipes.task_type.rows import task_rows

ENGLISH = "en"
TASK_TYPE = "task-type"
ENGLISH_PER_CLASS = {"train": 3000, "dev": 750, "test": 1000}
OTHERS_PER_CLASS = {"train": 1000, "dev": 250, "test": 500}
"""Maximum train rows of other languages, whose decisions start from the English one."""
LANGUAGE_PER_CLASS = {"train": 400, "dev": 100}
POSTS = ("textdetox", "toxicity", "sentiment")
WITHOUT_LABELS = ("am", "he", "tt")
"""Languages of SIB-200's domain rows that are only measured, not fitted on."""


def toxicity_rows(data: Path, code: str, split: str) -> LabelledText:
    """One split of a language's toxicity rows from `toxicity/` and `textdetox/`.

    Labels are balanced inside every source, and sources have equal numbers of rows as far as their sizes allow, so that
    the source doesn't predict the label.

    Raises:
        InputError: no file has rows of this language.
    """
    files = [data / folder / f"{code}.jsonl.gz" for folder in ("textdetox", "toxicity")]
    rows = join_rows([read_labelled(path, split=split) for path in files if path.is_file()])
    per_class = ENGLISH_PER_CLASS if code == ENGLISH else OTHERS_PER_CLASS
    return rows.select(np.sort(balanced(rows, per_class[split])))


def toxicity_languages(data: Path) -> list[str]:
    """All languages with toxicity labels except English, whose decision is the default."""
    found = {
        path.name.partition(".")[0]
        for folder in ("textdetox", "toxicity")
        for path in (data / folder).glob("*.jsonl.gz")
    }
    return sorted(found - {ENGLISH})


def language_rows(data: Path, split: str) -> LabelledText:
    """One split of `language/`, thirty languages; train and dev capped per language, half of them posts.

    `language/` has news and prompts for reading aloud, but texts to moderate are posts, whose files state a language
    too. Languages without posts get more sentences instead. Test rows are those of
    `language/` alone.
    """
    rows = read_labelled(data / "language" / f"{split}.jsonl.gz", label="lang")
    if split == "test":
        return rows
    posts = _posts(data, split)
    half = LANGUAGE_PER_CLASS[split] // 2
    some = posts.select(np.sort(balanced(posts, half, by_source=False)))
    with_posts, room = set(some.labels), LANGUAGE_PER_CLASS[split]
    chosen = rows.select(np.sort(balanced(rows, room, by_source=False)))
    kept: list[int] = []
    taken: Counter[str] = Counter()
    for index, code in enumerate(chosen.labels):
        taken[code] += 1
        if taken[code] <= (half if code in with_posts else room):
            kept.append(index)
    return join_rows([chosen.select(kept), some])


def _posts(data: Path, split: str) -> LabelledText:
    """Posts of one split labelled by their language, from the files of toxicity and sentiment."""
    files = [path for folder in POSTS for path in sorted((data / folder).glob("*.jsonl.gz"))]
    found = join_rows([read_labelled(path, split=split) for path in files])
    return replace(found, labels=[path_code or "" for path_code in found.langs])


def sentiment_rows(data: Path, split: str) -> LabelledText:
    """One split of `sentiment/` in all its languages."""
    files = sorted((data / "sentiment").glob("*.jsonl.gz"))
    return join_rows([read_labelled(path, split=split) for path in files])


def unlabelled_domain_rows(data: Path) -> LabelledText:
    """Test rows of SIB-200 in the languages that gave no label."""
    rows = domain_rows(data, "test", WITHOUT_LABELS)
    return replace(rows, origin="SIB-200 in languages without labels")


ROWS: dict[str, Callable[[Path, str], LabelledText]] = {
    "language": language_rows,
    "toxicity": lambda data, split: toxicity_rows(data, ENGLISH, split),
    "domain": lambda data, split: domain_rows(data, split, DOMAIN_LANGUAGES),
    "sentiment": sentiment_rows,
    TASK_TYPE: task_rows,
}
