"""`python -m bench points`: calibration error by language, and cuts for one false-positive rate in nine languages.

The cuts are chosen on TextDetox dev rows as `scopesift recut` does, and measured on test rows as the classifier is
used: each text by the decision of its predicted language.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.artifact.classifier import DEFAULT, LANGUAGE, Classifier
from scopesift_classifiers.judging.answers import Answers
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows, read_labelled
from scopesift_classifiers.measuring.calibration_error import MIN_DOCUMENTS, expected_calibration_error
from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, Requirement
from scopesift_classifiers.measuring.intervals import binary_intervals
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.transfer.recut import recut
from scopesift_features.scope import Scope

from bench.points import tables
from bench.results_file import write_result
from bench.textdetox.cells import LANGUAGES, SOURCE
from recipes.e5.rows import toxicity_languages, toxicity_rows
from scopesift.terminal.streams import reading, say

NAME, TOXICITY = "points", "toxicity"
REQUIRED = Requirement(FALSE_POSITIVE_RATE, 0.05)


def run(data: Path, out: Path | None = None) -> None:
    """Measure, write JSON, print the tables.

    Args:
        data: The folder that holds `textdetox/` and `toxicity/`.
        out: Folder for the JSON; None: `bench/results/`.
    """
    shipped, language = Classifier.load(TOXICITY), Classifier.load(LANGUAGE)
    scope = Scope.load("e5", device="cpu")
    dev = join_rows([_textdetox(data, lang, "dev") for lang in LANGUAGES])
    with reading("choosing cuts on dev rows") as progress:
        moved = recut(shipped, scope, dev, REQUIRED, LANGUAGES, on_progress=progress)
    engine = Engine(scope, [moved.classifier, language])
    result: dict[str, Any] = {"required": {REQUIRED.rate: REQUIRED.value}, "version": shipped.version}
    result |= {"cuts": moved.cuts, "textdetox": {}, "own_rows": {}}
    for lang in LANGUAGES:
        rows = _textdetox(data, lang, "test")
        say(f"{lang}: {len(rows)} test rows of TextDetox")
        answers, positive_N = _answers(engine, rows)
        result["textdetox"][lang] = {
            **expected_calibration_error(answers.scores_NC[:, 0], positive_N),
            "shipped": _rates(flagged_as_shipped(shipped, answers), positive_N),
            "recut": _rates(answers.given_N, positive_N),
        }
    for lang in (SOURCE, *(code for code in toxicity_languages(data) if code in shipped.by_lang)):
        rows = toxicity_rows(data, lang, "test")
        if len(rows) < MIN_DOCUMENTS:
            continue
        say(f"{lang}: {len(rows)} test rows of all sources")
        answers, positive_N = _answers(engine, rows)
        result["own_rows"][lang] = {
            "n": len(rows),
            "sources": sorted({source for source in rows.sources if source}),
            **expected_calibration_error(answers.scores_NC[:, 0], positive_N),
        }
    path = write_result(NAME, result, out)
    print(
        f"{tables.calibration(result)}\n\n{tables.cuts(result)}\n\n{tables.summary(result)}\n\nwritten: {path}"
    )


def _textdetox(data: Path, lang: str, split: str) -> LabelledText:
    return read_labelled(data / "textdetox" / f"{lang}.jsonl.gz", split=split)


def _answers(engine: Engine, rows: LabelledText) -> tuple[Answers, NDArray[np.bool_]]:
    """The toxicity answers to the rows, and which rows are toxic."""
    forms = engine.forms(rows.texts)
    acts_DS = engine.reader.without_places().read(forms.texts).acts_NS
    toxic_N = np.array([label == "toxic" for label in rows.labels], dtype=bool)
    return engine.answers(acts_DS, forms)[TOXICITY], toxic_N


def flagged_as_shipped(shipped: Classifier, answers: Answers) -> NDArray[np.bool_]:
    """Which texts the shipped cuts flag: scores are the same, languages may have had no decision of their own."""
    rules = [DEFAULT if rule == DEFAULT else shipped.rule_for(rule) for rule in answers.rule_N]
    cut_N = np.array([shipped.decision(rule).cut for rule in rules])
    flagged_N: NDArray[np.bool_] = answers.scores_NC[:, 0] >= cut_N
    return flagged_N


def _rates(flagged_N: NDArray[np.bool_], positive_N: NDArray[np.bool_]) -> dict[str, Any]:
    metrics, intervals = BinaryMetrics.of(positive_N, flagged_N), binary_intervals(positive_N, flagged_N)
    names = (FALSE_POSITIVE_RATE, "recall")
    return {name: round(getattr(metrics, name), 4) for name in names} | {
        "intervals": {name: intervals[name] for name in names}
    }
