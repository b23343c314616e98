"""`python -m bench demo`: the demo's sentences, classified in this process, for the README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope

from bench.markdown import markdown
from bench.results_file import write_result
from scopesift.demo_sentences import SENTENCES
from scopesift.terminal.demo import TOXICITY, count_line, is_right
from scopesift.terminal.verdicts import reasons


def run(out: Path | None = None) -> None:
    """Classify, write JSON, print the table.

    Args:
        out: folder for the JSON; None: `bench/results/`.
    """
    bundled = [Classifier.load(path) for path in bundled_classifiers().values()]
    engine = Engine(Scope.load(DEFAULT_SCOPE, device="cpu"), bundled)
    answers = engine.predict([sentence.text for sentence in SENTENCES])
    rows = []
    for sentence, answer in zip(SENTENCES, answers, strict=True):
        toxicity, language = answer[TOXICITY], answer[LANGUAGE]
        rows.append(
            {
                "text": sentence.text,
                "toxicity": f"{toxicity.label} {toxicity.score:.2f}",
                "toxicity_right": is_right(sentence, TOXICITY, toxicity),
                "language": language.label,
                "language_right": is_right(sentence, LANGUAGE, language),
                "because": reasons(toxicity) if toxicity.flagged else [],
            }
        )
    right = count_line(SENTENCES, answers)
    result = {"scope": DEFAULT_SCOPE, "classifiers": engine.versions, "rows": rows, "right": right}
    path = write_result("demo", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown; a wrong verdict is marked."""
    rows = [
        [
            row["text"],
            _marked(row["toxicity"], row["toxicity_right"]),
            _marked(row["language"], row["language_right"]),
            ", ".join(row["because"]),
        ]
        for row in result["rows"]
    ]
    return markdown(["sentence", "toxicity", "language", "because of"], rows) + f"\n\n{result['right']}."


def _marked(said: str, right: bool) -> str:
    return said if right else f"{said} ✗"
