"""`python -m bench attacks`: verdicts on toxic and clean rows with obfuscated spelling, with restoring and without.

The classifiers are the bundled toxicity classifier of e5 and the language classifier. The verdict on a text with
restoring is the verdict without it on the restored text, so every different document is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_features.restoring.restore import restore, restored
from scopesift_features.scope import Scope

from bench.attacks import tables
from bench.attacks.spellings import ATTACKS, OTHERS
from bench.results_file import write_result
from bench.textdetox.cells import LANGUAGES, SOURCE
from scopesift.terminal.streams import say

TOXICITY = "toxicity"
ROUNDS = 5


def run(data: Path, split: str, out: Path | None = None) -> None:
    """Measure, write JSON, print the tables.

    Args:
        data: The folder that holds `textdetox/<lang>.jsonl.gz`.
        split: Whose rows: "dev" to choose by, "test" to publish.
        out: Folder for the JSON; None: `bench/results/`.
    """
    judge = Judge()
    result: dict[str, Any] = {"split": split, "languages": {}}
    for lang in LANGUAGES:
        rows = read_labelled(data / "textdetox" / f"{lang}.jsonl.gz", split=split)
        say(f"{lang}: {len(rows)} untouched rows")
        result["languages"][lang] = judge.untouched(rows)
        if lang == SOURCE:
            result["english"] = english = judge.english(rows)
    result["time"] = judge.time(rows_of_all(data, split))
    path = write_result("attacks", result, out)
    print(
        "\n\n".join(make(result) for make in (tables.attacks, tables.others, tables.pairs, tables.untouched))
    )
    print(f"\n{tables.time_line(result)}\n{tables.bars(english)}\n\nwritten: {path}")


def rows_of_all(data: Path, split: str) -> list[str]:
    """The first 100 texts of every language."""
    each = [read_labelled(data / "textdetox" / f"{lang}.jsonl.gz", split=split) for lang in LANGUAGES]
    return [text for rows in each for text in rows.texts[:100]]


class Judge:
    """The bundled toxicity classifier without its restoring; reads every different document once."""

    def __init__(self) -> None:
        """Load it with the language classifier."""
        plain = replace(Classifier.load(TOXICITY), restore=False)
        self.engine = Engine(Scope.load("e5", device="cpu"), [plain, Classifier.load(LANGUAGE)])
        self._flagged: dict[str, bool] = {}

    def flagged(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts are flagged, bool `[N]`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._flagged]
        if new:
            forms = self.engine.forms(new)
            acts_NS = self.engine.reader.without_places().read(new).acts_NS
            given_N = self.engine.answers(acts_NS, forms)[TOXICITY].given_N
            self._flagged.update(zip(new, given_N.tolist(), strict=True))
        return np.array([self._flagged[text] for text in texts], dtype=bool)

    def untouched(self, rows: LabelledText) -> dict[str, Any]:
        """Metrics of rows without an attack, and how many of them restoring changes."""
        back = restored(rows.texts, True)
        return {
            "n": len(rows),
            "changed": sum(one != other for one, other in zip(rows.texts, back, strict=True)),
            "unrestored": _measured(rows, self.flagged(rows.texts)),
            "restored": _measured(rows, self.flagged(back)),
        }

    def english(self, rows: LabelledText) -> dict[str, Any]:
        """Metrics of every attack on English rows, and of any two at once."""
        found: dict[str, Any] = {"untouched": self.untouched(rows), "attacks": {}, "others": {}, "pairs": {}}
        for name, attack in ATTACKS.items():
            say(f"attack: {name}")
            attacked = [attack(text) for text in rows.texts]
            found["attacks"][name] = {
                "example": attack("you stupid idiot"),
                "unrestored": _measured(rows, self.flagged(attacked)),
                "restored": _measured(rows, self.flagged(restored(attacked, True))),
            }
        for name, attack in OTHERS.items():
            say(f"other attack: {name}")
            back = restored([attack(text) for text in rows.texts], True)
            found["others"][name] = {
                "example": attack("you stupid idiot"),
                "restored": _measured(rows, self.flagged(back)),
            }
        for (name, attack), (other, second) in combinations(ATTACKS.items(), 2):
            attacked = [second(attack(text)) for text in rows.texts]
            found["pairs"][f"{name} + {other}"] = _measured(rows, self.flagged(restored(attacked, True)))
        return found

    def time(self, texts: list[str]) -> dict[str, Any]:
        """Time of restoring as a share of the time of reading the same texts."""
        began = perf_counter()
        self.engine.reader.read(texts)
        reading = perf_counter() - began
        rounds = []
        for _ in range(ROUNDS):
            began = perf_counter()
            for text in texts:
                restore(text)
            rounds.append(perf_counter() - began)
        return {"texts": len(texts), "share_of_reading": round(min(rounds) / reading, 5)}


def _measured(rows: LabelledText, flagged_N: NDArray[np.bool_]) -> dict[str, float]:
    toxic_N = np.array([label == "toxic" for label in rows.labels], dtype=bool)
    metrics = BinaryMetrics.of(toxic_N, flagged_N)
    return {
        "recall": round(metrics.recall, 4),
        "false_positives": round(float(flagged_N[~toxic_N].mean()), 4),
        "f1": round(metrics.f1, 4),
    }
