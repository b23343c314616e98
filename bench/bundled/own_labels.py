"""`python -m bench own-labels`: toxicity by language from its own labels, greedy beside paper and baselines."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from scopesift_classifiers.fitting.fit import fit_classifier
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.measuring.assessment import assess
from scopesift_features.scope import Scope

from bench.bundled.baselines import NAMES
from bench.markdown import markdown, three
from bench.results_file import StoredRows
from recipes.nano.bundled_classifiers import LAYERS, toxicity_rows

SPOT_CHECK = ("ja",)  # 20 test rows
METRICS = ("macro_f1", "balanced_accuracy", "f1")


def run(data: Path, out: Path | None = None) -> None:
    """Fit both presets on each language's train rows, choose on dev, measure once on test; write JSON, print a table.

    Args:
        data: the folder that holds `toxicity/<lang>.jsonl.gz`.
        out: folder for the JSON; None: `bench/results/`.
    """
    scope = Scope.load("nano").only(LAYERS)
    stored = StoredRows("own-labels", out)
    languages = sorted(path.name.split(".")[0] for path in (data / "toxicity").glob("*.jsonl.gz"))
    for lang in (lang for lang in languages if lang not in SPOT_CHECK):
        train, dev, test = (toxicity_rows(data, lang, split) for split in ("train", "dev", "test"))
        measured: dict[str, Any] = {"n_train": len(train), "n_test": len(test)}
        for preset in ("greedy", "paper"):
            fitted = fit_classifier("toxicity", scope, train, dev, FitSettings(preset=preset))
            report = assess(fitted, scope, test, fit_data=train if preset == "greedy" else None)
            measured[preset] = {name: report[name] for name in METRICS} | {"features": len(fitted.features)}
            if preset == "greedy":
                measured |= {name: {m: report["baselines"][name][m] for m in METRICS} for name in NAMES}
        stored.put(lang, measured)
    print(table(stored.result()))
    print(f"\nwritten: {stored.path}")


def table(result: dict[str, Any]) -> str:
    """Macro-F1 by language as a Markdown table, with means and differences."""
    columns = {"greedy": "**greedy**", "paper": "paper", **NAMES}
    rows = [
        [lang, *(three(row[name]["macro_f1"]) for name in columns), str(row["greedy"]["features"])]
        for lang, row in result["rows"].items()
    ]
    means = {
        name: statistics.mean(row[name]["macro_f1"] for row in result["rows"].values()) for name in columns
    }
    rows.append(["**mean**", *(f"**{three(means[name])}**" for name in columns), ""])
    about = (
        f"greedy - paper: {means['greedy'] - means['paper']:+.3f}; "
        f"greedy - linear probe: {means['greedy'] - means['linear_probe']:+.3f}."
    )
    return markdown(["test macro-F1", *columns.values(), "features"], rows) + f"\n\n{about}"
