"""`python -m bench points`: calibration error by language, and cuts for one false-positive rate in nine languages.

The cuts are chosen on TextDetox dev rows as `scopesift recut` does, and measured on test rows as the classifier is
used: each text by the decision of its predicted language.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
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
    judge = Judge(Engine(scope, [moved.classifier, language]))
    result: dict[str, Any] = {"required": {REQUIRED.rate: REQUIRED.value}, "version": shipped.version}
    result |= {"cuts": moved.cuts, "textdetox": {}, "own_rows": {}}
    for lang in LANGUAGES:
        rows = _textdetox(data, lang, "test")
        say(f"{lang}: {len(rows)} test rows of TextDetox")
        answers = judge.answers(rows)
        result["textdetox"][lang] = {
            **expected_calibration_error(answers.score_N, answers.toxic_N),
            "shipped": _rates(answers.flagged(shipped), answers.toxic_N),
            "recut": _rates(answers.flagged(moved.classifier), answers.toxic_N),
        }
    for lang in (SOURCE, *(code for code in toxicity_languages(data) if code in shipped.by_lang)):
        rows = toxicity_rows(data, lang, "test")
        if len(rows) < MIN_DOCUMENTS:
            continue
        say(f"{lang}: {len(rows)} test rows of all sources")
        answers = judge.answers(rows)
        result["own_rows"][lang] = {
            "n": len(rows),
            "sources": sorted({source for source in rows.sources if source}),
            **expected_calibration_error(answers.score_N, answers.toxic_N),
        }
    path = write_result(NAME, result, out)
    print(
        f"{tables.calibration(result)}\n\n{tables.cuts(result)}\n\n{tables.summary(result)}\n\nwritten: {path}"
    )


def _textdetox(data: Path, lang: str, split: str) -> LabelledText:
    return read_labelled(data / "textdetox" / f"{lang}.jsonl.gz", split=split)


class Judge:
    """Scores of texts and the decisions that gave them; every different text is read once."""

    def __init__(self, engine: Engine) -> None:
        """Judge with an engine that has the toxicity and the language classifier."""
        self.engine = engine
        self._found: dict[str, tuple[float, str]] = {}

    def answers(self, rows: LabelledText) -> Answered:
        """Scores, decisions and truth of the rows."""
        new = [text for text in dict.fromkeys(rows.texts) if text not in self._found]
        if new:
            forms = self.engine.forms(new)
            acts_DS = self.engine.reader.without_places().read(forms.texts).acts_NS
            found = self.engine.answers(acts_DS, forms)[TOXICITY]
            pairs = zip(found.scores_NC[:, 0].tolist(), found.rule_N, strict=True)
            self._found.update(zip(new, pairs, strict=True))
        score_N, rule_N = zip(*(self._found[text] for text in rows.texts), strict=True)
        return Answered(
            np.array(score_N), list(rule_N), np.array([label == "toxic" for label in rows.labels], dtype=bool)
        )


class Answered(NamedTuple):
    """N texts: scores, the decision of each ("default" or a language), and whether it is toxic."""

    score_N: NDArray[np.float64]
    rule_N: list[str]
    toxic_N: NDArray[np.bool_]

    def flagged(self, classifier: Classifier) -> NDArray[np.bool_]:
        """Which are flagged by the cuts of a classifier with the same scores.

        A decision that it lacks is a copy of its default one.
        """
        cuts = [classifier.decision(classifier.rule_for(rule)).cut for rule in self.rule_N]
        flagged_N: NDArray[np.bool_] = self.score_N >= np.array(cuts)
        return flagged_N


def _rates(flagged_N: NDArray[np.bool_], positive_N: NDArray[np.bool_]) -> dict[str, Any]:
    metrics, intervals = BinaryMetrics.of(positive_N, flagged_N), binary_intervals(positive_N, flagged_N)
    names = (FALSE_POSITIVE_RATE, "recall")
    return {name: round(getattr(metrics, name), 4) for name in names} | {
        "intervals": {name: intervals[name] for name in names}
    }
