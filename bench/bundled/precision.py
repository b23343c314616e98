"""`python -m bench precision`: how many verdicts another precision of the backbone changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope

from bench.markdown import markdown
from bench.results_file import write_result
from bench.service.soak import differs
from bench.service.texts import post_texts

TEXTS = 2000


def run(out: Path | None = None) -> None:
    """Classify the same texts with the backbone in float32 and in bfloat16; write JSON and print a table.

    Args:
        out: folder for the JSON; None: `bench/results/`.
    """
    texts = post_texts(TEXTS, seed=7)
    classifiers = [Classifier.load(name) for name in bundled_classifiers()]
    judged = {}
    for dtype in ("float32", "bfloat16"):
        scope = Scope.load(DEFAULT_SCOPE, dtype=dtype)
        # the engine rejects a precision that a classifier was not fitted in, which is measured here
        engine = Engine(scope, [replace(one, settings=scope.settings) for one in classifiers])
        judged[dtype] = engine.records(texts, engine.predict(texts))
    pairs = list(zip(judged["bfloat16"], judged["float32"], strict=True))
    flips = {
        one.name: sum(
            differs({**now, "classifiers": [one.name]}, {**then, "classifiers": [one.name]})
            for now, then in pairs
        )
        for one in classifiers
    }
    result = {"texts": TEXTS, "flips": flips}
    path = write_result("precision", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    texts = result["texts"]
    rows = [[name, str(count), f"{count / texts:.2%}"] for name, count in result["flips"].items()]
    return markdown([f"of {texts} texts, bfloat16 against float32", "other verdicts", "share"], rows)
