"""`python -m bench early-drop`: a filter run with a language classifier of layer 4, with and without early drop."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import fit_classifier
from scopesift_classifiers.judging.backend import BACKENDS
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_filtering.run_filter import run_filter
from scopesift_filtering.run_plan import make_plan
from scopesift_filtering.settings import FilterSettings

from bench.filter.case import WHERE
from bench.filter.corpus import write_corpus
from bench.markdown import markdown
from bench.results_file import stored, write_result
from recipes.e5.classifiers import SETTINGS
from recipes.e5.rows import language_rows

ROUNDS = 3


def run(data: Path, out: Path | None = None, *, docs: int = 500, language: Path | None = None) -> None:
    """Filter the same documents both ways in turn; write JSON and print a table.

    Args:
        data: folder with toxicity/, language/, domain/ and pretrain/; for the fit all of e5's recipe.
        out: folder for the JSON; None: `bench/results/`.
        docs: documents.
        language: a language classifier whose layers are shallower than the deepest; None: fit one on layer 4 by the
            recipe.
    """
    scope = Scope.load(DEFAULT_SCOPE, device="cpu")
    shallow = Classifier.load(language) if language else _fit(scope, data)
    others = [Classifier.load(path) for name, path in bundled_classifiers().items() if name != LANGUAGE]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl.zst"
        count = write_corpus(data, corpus, docs)
        found = {
            name: _both(Engine(scope, [shallow, *others], backend=name), corpus, Path(folder) / name)
            for name in BACKENDS
        }
    result = {
        "documents": count,
        "where": WHERE,
        "language": [_quality(one) for one in (shallow, Classifier.load(LANGUAGE))],
        "backends": found,
    }
    path = write_result("early-drop", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def _quality(language: Classifier) -> dict[str, Any]:
    """What the fit says of a language classifier, on dev rows."""
    return {
        "layers": sorted({layer for layer, _ in language.features}),
        "dev_accuracy": language.fit["dev_accuracy"],
        "unknown_of_left_out": language.fit["cut"]["unknown_of_left_out"]["label_cuts"],
    }


def stored_table() -> str:
    """The stored result as Markdown."""
    result = stored("early-drop-cpu")
    return f"{table(result)}\n\n{result['cores']} cores of {result['device']}, {result['date']}."


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    said = "; ".join(
        f"layers read: {' and '.join(map(str, one['layers']))}, {one['dev_accuracy']:.1%} of the dev rows right, and "
        f"{one['unknown_of_left_out']:.1%} of the texts in languages that were left out are found unknown"
        for one in result["language"]
    )
    rows = [
        [
            name,
            f"{row['whole_s']:.1f}",
            f"{row['early_s']:.1f}",
            f"**{row['ratio']:.2f}**",
            f"{row['dropped_early']:.1%}",
            f"{row['kept']:,}",
            f"{row['other_rows']}",
        ]
        for name, row in result["backends"].items()
    ]
    header = [
        "back end",
        "s",
        "with --early-drop",
        "times as fast",
        "dropped early",
        "kept",
        "other rows kept",
    ]
    about = f"{result['documents']:,} documents, `{result['where']}`. The language classifier, and the bundled one: "
    return f"{markdown(header, rows)}\n\n{about}{said}."


def _fit(scope: Scope, data: Path) -> Classifier:
    settings = replace(SETTINGS[LANGUAGE], max_layer=min(scope.layers))
    train, dev = (language_rows(data, split) for split in ("train", "dev"))
    return fit_classifier(LANGUAGE, scope, train, dev, settings, cache=FeatureCache.default())


def _both(engine: Engine, corpus: Path, folder: Path) -> dict[str, Any]:
    """Runs without and with early drop in turn, the first of each to warm up."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(ROUNDS + 1):
        for early in (False, True):
            settings = FilterSettings(where=WHERE, compression="none", early_drop=early)
            plan = make_plan([str(corpus)], folder / f"{turn}-{early}", settings, engine)
            began = time.perf_counter()
            run_filter(plan)
            if turn:
                seconds[early].append(time.perf_counter() - began)
    kept = [_rows(folder / f"1-{early}" / "kept") for early in (False, True)]
    dropped = _rows(folder / "1-True" / "dropped")
    unread = sum(row["scopesift"]["scores"]["toxicity"] is None for row in dropped.values())
    return {
        "whole_s": statistics.median(seconds[False]),
        "early_s": statistics.median(seconds[True]),
        # the runs of a round share what else the machine does
        "ratio": statistics.median(
            one / other for one, other in zip(seconds[False], seconds[True], strict=True)
        ),
        "dropped_early": unread / (len(kept[1]) + len(dropped)),
        "kept": len(kept[0]),
        "other_rows": len(kept[0].keys() ^ kept[1].keys()),
    }


def _rows(folder: Path) -> dict[int, Any]:
    rows = (json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines())
    return {row["id"]: row for row in rows}
