"""`python -m bench textdetox`: toxicity in nine languages, on the test rows on which about ninety models were measured.

Every cell of the result is one language with some number of its labels. Systems are fitted and settings chosen first;
test rows are asked about once, at the end of a cell.
"""

from __future__ import annotations

import statistics
from functools import cached_property
from pathlib import Path
from typing import Any

from scopesift_classifiers.classifier import BINARY, Classifier
from scopesift_classifiers.feature_cache import FeatureCache
from scopesift_classifiers.fit_settings import LINEAR
from scopesift_classifiers.labelled_text import LabelledText, read_labelled
from scopesift_classifiers.learning_curve import draw
from scopesift_classifiers.sampling import split_dev
from scopesift_features.scope import Scope

from bench import textdetox_picture, textdetox_tables
from bench.answers import Fitted, measure_binary
from bench.errors import BenchError
from bench.parts import Part, join_rows, read_parts
from bench.published import Published
from bench.results_file import StoredRows
from bench.systems import (
    NEGATIVE,
    POSITIVE,
    SYSTEMS,
    attempt,
    fit_preset,
    of_decision,
    transferred,
    words_of_few,
)
from bench.textdetox_cells import ALL, ENGLISH, FIRST, LANGUAGES, PERSPECTIVE, QWEN, SOURCE, cell_name
from scopesift.commands.terminal import reading, say

NAME = "textdetox"
SPLITS = ("train", "dev", "test")
DRAWS = 5
DEV_SHARE = 0.2
"""Of the rows of a draw that choose settings, as in `scopesift fit` without a dev file."""

Read = dict[str, Part]


def run(data: Path, scope: str = "e5", out: Path | None = None) -> None:
    """Measure the cells that are not there yet, write JSON and picture, print the tables.

    Args:
        data: The folder that holds `textdetox/<lang>.jsonl.gz` and `textdetox/published.json`.
        scope: What to read with.
        out: Folder for JSON and picture; None: `bench/results/` and `docs/`.

    Raises:
        BenchError: A file is missing, or there are results of another scope or other rows.
    """
    published = Published.read(data / NAME / "published.json", "f1")
    rows = {lang: read_rows(data, lang) for lang in LANGUAGES}
    loaded = Scope.load(scope)
    stored = StoredRows(
        NAME,
        out,
        measured_on={
            "scope": loaded.fingerprint,
            "rows": join_rows([own for splits in rows.values() for own in splits.values()]).fingerprint(),
            "published": {"source": published.source, "languages": published.summary((PERSPECTIVE, QWEN))},
        },
    )
    english = English(loaded, rows[SOURCE])
    # the cells that most is said about come first: a run that is stopped has them for every language
    for cell in FIRST:
        for lang in LANGUAGES:
            measure_cell(lang, cell, rows[lang], english, stored)
    result = stored.result()
    print(textdetox_tables.everything(result))
    picture = textdetox_picture.write(result, out)
    say(f"wrote {stored.path} and {picture}")


def read_rows(data: Path, lang: str) -> dict[str, LabelledText]:
    """Train, dev and test rows of a language.

    Raises:
        BenchError: The file is missing.
    """
    path = data / NAME / f"{lang}.jsonl.gz"
    if not path.is_file():
        raise BenchError(f"{path} is missing; --data names the folder that holds {NAME}/")
    return {split: read_labelled(path, split=split) for split in SPLITS}


class English:
    """What is fitted on English labels, made when it is first asked for."""

    def __init__(self, scope: Scope, rows: dict[str, LabelledText]) -> None:
        """Read nothing yet."""
        self.scope = scope
        self._rows = rows

    @cached_property
    def parts(self) -> Read:
        """The English rows, read."""
        return read_language(self.scope, SOURCE, self._rows)

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier that is carried over to the other languages."""
        say("fitting on English labels")
        decision, details = fit_preset(LINEAR, self.parts["train"], self.parts["dev"])
        return Classifier(
            name="toxicity",
            kind=BINARY,
            unknown=NEGATIVE,
            scope=self.scope.fingerprint,
            settings=self.scope.settings,
            default=decision,
            fit=details,
        )

    @cached_property
    def systems(self) -> dict[str, Fitted]:
        """Every system, fitted on the train rows; the dev rows choose."""
        classifier = self.classifier
        return {LINEAR: of_decision(classifier.default, classifier.fit)} | {
            name: attempt(fit, self.parts["train"], self.parts["dev"])
            for name, fit in SYSTEMS.items()
            if name != LINEAR
        }


def read_language(scope: Scope, lang: str, rows: dict[str, LabelledText]) -> Read:
    """Read the three splits of a language."""
    with reading(f"reading {lang}") as progress:
        parts = read_parts(scope, list(rows.values()), cache=FeatureCache.default(), on_progress=progress)
    return dict(zip(rows, parts, strict=True))


def measure_cell(
    lang: str, cell: str, rows: dict[str, LabelledText], english: English, stored: StoredRows
) -> None:
    """Fit and measure one cell, if it is not there yet."""
    if cell_name(lang, cell) in stored:
        return
    parts = english.parts if lang == SOURCE else read_language(english.scope, lang, rows)
    carried = None if lang == SOURCE else english
    if cell == ENGLISH:
        draws = [english.systems]
    elif cell == ALL:
        draws = [fit_all(parts, carried)]
    else:
        draws = [fit_few(parts["train"], int(cell), seed, carried) for seed in range(DRAWS)]
    measured = [
        {name: measure_binary(system, parts["test"], POSITIVE) for name, system in systems.items()}
        for systems in draws
    ]
    stored.put(cell_name(lang, cell), {"draws": measured})
    say(f"{lang}, {cell} labels: F1 {_means(measured)}")


def fit_few(train: Part, size: int, seed: int, english: English | None) -> dict[str, Fitted]:
    """Every system on the same draw of train rows, which are all the labels there are: a part of them is dev."""
    few = train.take(draw(train.rows, size / len(train.rows), seed))
    fit, dev = (few.take(index_N) for index_N in split_dev(few.rows, DEV_SHARE))
    systems = {name: attempt(system, fit, dev) for name, system in SYSTEMS.items() if name != "tfidf"}
    systems["tfidf"] = attempt(words_of_few, few)
    if english is not None:
        systems["transfer"] = attempt(transferred, english.classifier, few)
    return systems


def fit_all(parts: Read, english: English | None) -> dict[str, Fitted]:
    """Every system on all train rows; all dev rows choose, but for transfer, which cross-validates."""
    systems = {name: attempt(system, parts["train"], parts["dev"]) for name, system in SYSTEMS.items()}
    if english is not None:
        systems["transfer"] = attempt(transferred, english.classifier, parts["train"])
    return systems


def _means(draws: list[dict[str, Any]]) -> str:
    return ", ".join(f"{name} {statistics.mean(one[name]['f1'] for one in draws):.3f}" for name in draws[0])
