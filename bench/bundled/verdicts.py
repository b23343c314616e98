"""`python -m bench verdicts`: compares verdicts on 2,000 texts with a reference in bench/results.

The reference must be written again when the bundled classifiers change.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.scope import Scope
from scopesift_files.atomic import write_atomically

from bench.errors import BenchError
from bench.markdown import markdown
from bench.service.texts import post_texts

SCOPES = "e5", "nano"
TEXTS = 2000
DIGITS = 4
KEPT = Path(__file__).parents[1] / "results"


def run(write: bool) -> None:
    """Classify the texts with every bundled classifier and print the differences from the reference.

    Args:
        write: store these verdicts as the reference.
    """
    rows = []
    for name in SCOPES:
        found = judge(name)
        if write:
            _keep(name, found)
        rows.append(
            [name, *(f"{value:,}" for value in compare_snapshots(found, old_snapshot(name)).values())]
        )
    print(markdown(["scope", "verdicts", "other verdicts", "largest difference of a score"], rows))


def judge(name: str) -> dict[str, Any]:
    """Verdicts of the bundled classifiers of a scope: their versions, and by classifier labels, rules and scores."""
    classifiers = [Classifier.load(one, name) for one in bundled_classifiers(name)]
    engine = Engine(Scope.load(name, device="cpu"), classifiers)
    answers = engine.predict(post_texts(TEXTS, seed=7))
    return {
        "versions": engine.versions,
        "verdicts": {
            one.name: {
                "labels": [answer[one.name].label for answer in answers],
                "rules": [answer[one.name].rule for answer in answers],
                "scores": [round(answer[one.name].score, DIGITS) for answer in answers],
            }
            for one in classifiers
        },
    }


def old_snapshot(name: str) -> dict[str, Any]:
    """The reference verdicts of a scope.

    Raises:
        BenchError: There are none.
    """
    path = _path(name)
    if not path.is_file():
        raise BenchError(f"there are no verdicts of {name} in {path}; write them with `--write`")
    content: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return content


def compare_snapshots(found: dict[str, Any], before: dict[str, Any]) -> dict[str, float]:
    """How many verdicts there are, how many differ in label or rule, and the largest difference of a score.

    Raises:
        BenchError: The reference is of other classifiers.
    """
    if found["versions"] != before["versions"]:
        raise BenchError(
            f"the reference is of {before['versions']}, these verdicts of {found['versions']}; after a refit renew it "
            "with `python -m bench verdicts --write`"
        )
    count = other = 0
    largest = 0.0
    for name, own in found["verdicts"].items():
        then = before["verdicts"][name]
        pairs = zip(own["labels"], own["rules"], then["labels"], then["rules"], strict=True)
        count += len(own["labels"])
        other += sum((label, rule) != (old_label, old_rule) for label, rule, old_label, old_rule in pairs)
        largest = max(largest, float(np.abs(np.subtract(own["scores"], then["scores"])).max()))
    return {"verdicts": count, "other": other, "largest_score": round(largest, DIGITS)}


def _keep(name: str, found: dict[str, Any]) -> None:
    data = gzip.compress(json.dumps(found, separators=(",", ":")).encode(), mtime=0)
    write_atomically(_path(name), lambda temporary: temporary.write_bytes(data))


def _path(name: str) -> Path:
    return KEPT / f"verdicts-{name}.json.gz"
