"""The data of the Qwen-Scope report's toxicity study, or similar data: balanced rows by language and part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError, UsageError
from scopesift_files.row_readers.formats import file_format
from scopesift_files.row_readers.row import sound_rows
from scopesift_files.row_readers.rows import read_rows

from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.labelled_rows.sampling import balanced, split_dev
from scopesift_classifiers.labelled_rows.splits import DEV, TEST, TRAIN, marks_split

LANGUAGES = ("en", "ru", "uk", "de", "es", "am", "zh", "ar", "hi", "it", "fr", "tt", "ja")
DISCOVERY_PER_CLASS, DEV_PER_CLASS, TEST_PER_CLASS = 2000, 500, 500
POSITIVE, NEGATIVE = "toxic", "clean"
NAMES = {"1": POSITIVE, "0": NEGATIVE, "true": POSITIVE, "false": NEGATIVE}


@dataclass(frozen=True, eq=False)
class StudyRows:
    """One language's rows, each part balanced.

    Attributes:
        lang: Its code.
        discovery: Rows for counting in the report's protocol.
        fit_N: Which of them are for counting in our protocol.
        dev: Rows for choosing layer and K; a part of `discovery` if the data have no dev rows.
        test: Rows to measure on, on which the report also chooses layer and K.
    """

    lang: str
    discovery: LabelledText
    fit_N: NDArray[np.bool_]
    dev: LabelledText
    test: LabelledText


def find_languages(data: Path) -> dict[str, list[Path]]:
    """Files by language, the report's 13 first.

    Either `toxicity/<lang>.jsonl.gz` (or .csv, .parquet, …), the same names in the folder itself, or the layout of
    textdetox/multilingual_toxicity_dataset: `data/<lang>-00000-of-00001.parquet`.

    Raises:
        UsageError: There is no such file, or none for English.
    """
    found: dict[str, list[Path]] = {}
    for folder in (data / "toxicity", data / "data", data):
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            code = path.name.partition(".")[0].partition("-")[0]
            if file_format(path.name) and 2 <= len(code) <= 3 and code.isalpha() and code.islower():
                found.setdefault(code, []).append(path)
        if found:
            break
    if "en" not in found:
        raise UsageError(
            f"{data}: expected toxicity/<lang>.jsonl.gz or data/<lang>-*.parquet, one of them en, "
            f"got {', '.join(found) or 'none'}"
        )
    known = [code for code in LANGUAGES if code in found]
    return {code: found[code] for code in [*known, *sorted(set(found) - set(known))]}


def read_study_rows(lang: str, paths: list[Path]) -> StudyRows:
    """The parts of one language in the report's sizes, or smaller if there are fewer rows.

    A `split` column defines discovery (train), dev and test. Without one, a fifth is test as in the report
    (500 of 2,500 a label), and a fifth of the rest, by hash of the text, is dev in our protocol.

    Raises:
        InputError: Unreadable rows, or one label only.
    """
    first = next(sound_rows(read_rows(paths[0])), None)
    if first is None:
        raise InputError(f"{paths[0].name}: expected rows, got none")
    fields = first.fields
    label = "label" if "label" in fields else POSITIVE
    if not any(marks_split(path) for path in paths):
        rows = _balanced(_joined(paths, label, None), DISCOVERY_PER_CLASS + TEST_PER_CLASS)
        rest, test = split_dev(rows, TEST_PER_CLASS / (DISCOVERY_PER_CLASS + TEST_PER_CLASS))
        discovery = rows.select(rest)
        fit, dev = split_dev(discovery)
        fit_N = np.isin(np.arange(len(discovery)), fit)
        return StudyRows(lang, discovery, fit_N, discovery.select(dev), rows.select(test))
    discovery = _balanced(_joined(paths, label, TRAIN), DISCOVERY_PER_CLASS)
    return StudyRows(
        lang,
        discovery,
        np.ones(len(discovery), dtype=bool),
        _balanced(_joined(paths, label, DEV), DEV_PER_CLASS),
        _balanced(_joined(paths, label, TEST), TEST_PER_CLASS),
    )


def _joined(paths: list[Path], label: str, split: str | None) -> LabelledText:
    # a file without marks beside one with marks has train rows
    chosen = [path for path in paths if split in (None, TRAIN) or marks_split(path, split)]
    if not chosen:
        raise InputError(
            f"{paths[0].name}: expected rows marked {split!r}, got none; mark some, or mark no row"
        )
    parts = [read_labelled(path, label=label, split=split) for path in chosen]
    rows = LabelledText(
        [text for part in parts for text in part.texts],
        [NAMES.get(own, own) for part in parts for own in part.labels],
        [lang for part in parts for lang in part.langs],
        [source for part in parts for source in part.sources],
        origin=parts[0].origin,
    )
    rows.require_labels([POSITIVE, NEGATIVE])
    return rows


def _balanced(rows: LabelledText, per_class: int) -> LabelledText:
    return rows.select(np.sort(balanced(rows, per_class)))
