"""`python -m bench verdict-roads`: verdicts of both readers on the same texts in 16 languages."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from scopesift_files.row_readers.rows import read_rows

from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result
from bench.roads.readers import engine_and_readers

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "tr", "ar", "hi", "ja", "ko", "zh")
TEXTS = 5000
FILE = Path("language") / "train.jsonl.gz"


def run(data: Path, out: Path | None = None) -> None:
    """Judge the texts from both readings; write JSON and print a table.

    Args:
        data: folder with language/train.jsonl.gz.
        out: folder for the JSON; None: `bench/results/`.
    """
    texts = _texts(data)
    engine, readers = engine_and_readers()
    forms = engine.forms(texts)
    torchs, onnxs = (engine.verdicts(forms, readers[name].read(forms.texts)) for name in ("torch", "onnx"))
    found: dict[str, dict[str, float]] = {}
    for name in engine.classifiers:
        pairs = [(one[name], other[name]) for one, other in zip(torchs, onnxs, strict=True)]
        found[name] = {
            "other_labels": sum(one.label != other.label for one, other in pairs),
            "other_rules": sum(one.rule != other.rule for one, other in pairs),
            "largest_score": max(abs(one.score - other.score) for one, other in pairs),
        }
    result = {"texts": len(texts), "languages": LANGUAGES, "classifiers": found}
    path = write_result("verdict-roads", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    header = [
        f"{result['texts']:,} texts, {len(result['languages'])} languages",
        "other labels",
        "other rules",
    ]
    rows = [
        [name, str(own["other_labels"]), str(own["other_rules"]), f"{own['largest_score']:.1e}"]
        for name, own in result["classifiers"].items()
    ]
    return markdown([*header, "largest difference of a score"], rows)


def _texts(data: Path) -> list[str]:
    """The first texts of each language of the file, equally many."""
    path = data / FILE
    if not path.is_file():
        raise BenchError(f"{path} is missing; --data is a folder with {FILE}")
    each = -(-TEXTS // len(LANGUAGES))
    rows = [(row.value("lang"), row.value("text")) for row in read_rows(path)]
    by_language = {code: [text for lang, text in rows if lang == code] for code in LANGUAGES}
    texts = [text for own in by_language.values() for text in islice(own, each)][:TEXTS]
    if len(texts) < TEXTS:
        raise BenchError(f"{path} holds {len(texts)} texts of {', '.join(LANGUAGES)}, expected {TEXTS}")
    return texts
