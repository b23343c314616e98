"""`python -m bench languages`: languages that a classifier was not fitted on, and texts that switch language."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.language_spans import LanguageSpan, spans_of_texts
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_features.scope import Scope

from bench.markdown import markdown
from bench.results_file import StoredRows, stored
from recipes.e5.classifiers import SETTINGS
from recipes.e5.rows import language_rows

A_LANGUAGE = 100
LEFT_OUT, SEED = 10, 0
PAIRS = 500
NAME, SCOPES = "languages", ("e5", "nano")
UNKNOWN = "does not know"


def run(data: Path, scope_id: str, out: Path | None = None) -> None:
    """Measure on test rows, write JSON, print tables.

    nano's classifier does not know all languages of the rows. e5's does, so that ten of them, drawn by seed, are left
    out of another fit with the same settings.

    Args:
        data: the folder that holds `language/`; for e5 also the other rows of its language classifier.
        scope_id: "e5" or "nano".
        out: folder for the JSON; None: `bench/results/`.
    """
    rows = read_labelled(data / "language" / "test.jsonl.gz", label="lang", split="test")
    scope, bundled = Scope.load(scope_id), Classifier.load(LANGUAGE, scope_id)
    engine = Engine(scope, [bundled])
    alone = {"knows": _alone(engine, rows, bundled.labels)}
    unknown = sorted(set(rows.classes) - set(bundled.labels))
    if unknown:
        alone[UNKNOWN] = _alone(engine, rows, unknown)
    else:
        unknown = sorted(random.Random(SEED).sample(bundled.labels, LEFT_OUT))  # noqa: S311
        fewer = Engine(scope, [fit_without(unknown, scope, data)])
        alone["knows, fitted without the ten below"] = _alone(fewer, rows, fewer.classifiers[LANGUAGE].labels)
        alone[UNKNOWN] = _alone(fewer, rows, unknown)
    result = {"alone": alone, "switching": _switching(engine, rows)}
    results = StoredRows(NAME, out)
    results.put(scope_id, result)
    print(f"{table(result)}\n\nwritten: {results.path}")


def fit_without(left_out: Collection[str], scope: Scope, data: Path) -> Classifier:
    """e5's language classifier, fitted without some languages."""
    train, dev = (
        rows.select([at for at, label in enumerate(rows.labels) if label not in left_out])
        for rows in (language_rows(data, "train"), language_rows(data, "dev"))
    )
    return fit_classifier(LANGUAGE, scope, train, dev, SETTINGS[LANGUAGE], cache=FeatureCache.default())


def stored_table(scope_id: str) -> str:
    """The stored result of a scope as Markdown."""
    return table(stored(f"{NAME}-cpu")["rows"][scope_id])


def table(result: dict[str, Any]) -> str:
    """A result as Markdown."""
    alone, switching = result["alone"], result["switching"]
    rows = [
        [f"{group['texts']:,} texts in {group['languages']} languages it {name}", *_shares(group)]
        for name, group in alone.items()
    ]
    worst = ", ".join(f"{code} {share:.0%}" for code, share in alone[UNKNOWN]["lowest_und"])
    return (
        markdown(["texts of one language", "right", "another language", "und"], rows)
        + f"\n\nLeast often und: {worst}.\n\n"
        + f"{switching['texts']} texts of two sentences in two languages: {switching['characters']:.1%} of the "
        f"characters in a span of the right language; {switching['exact']:.1%} of the texts are cut into just the two "
        f"right languages; where they are, the border is {switching['border']:.1f} characters off (median)."
    )


def _shares(group: dict[str, Any]) -> list[str]:
    return [f"{group[name]:.1%}" for name in ("right", "wrong", "und")]


def _alone(engine: Engine, rows: LabelledText, codes: Iterable[str]) -> dict[str, Any]:
    """Texts of one language each, in some languages: right, another language, or none."""
    unknown = engine.classifiers[LANGUAGE].unknown
    picked: list[int] = []
    for code in sorted(set(codes) & set(rows.classes)):
        own = [at for at, label in enumerate(rows.labels) if label == code]
        picked += random.Random(code).sample(own, min(A_LANGUAGE, len(own)))  # noqa: S311
    answers = [answer[LANGUAGE].label for answer in engine.predict([rows.texts[at] for at in picked])]
    labels = [rows.labels[at] for at in picked]
    right = sum(map(str.__eq__, answers, labels)) / len(labels)
    und = answers.count(unknown) / len(labels)
    by_code = {
        code: sum(a == unknown for a, label in zip(answers, labels, strict=True) if label == code)
        / labels.count(code)
        for code in sorted(set(labels))
    }
    return {
        "texts": len(labels),
        "languages": len(by_code),
        "right": right,
        "und": und,
        "wrong": 1 - right - und,
        "lowest_und": sorted(by_code.items(), key=lambda item: item[1])[:4],
    }


def _switching(engine: Engine, rows: LabelledText) -> dict[str, Any]:
    """Two sentences of different languages in one text: characters with the right language."""
    chance = random.Random(0)  # noqa: S311
    known = [at for at, label in enumerate(rows.labels) if label in engine.classifiers[LANGUAGE].labels]
    pairs: list[tuple[int, int]] = []
    while len(pairs) < PAIRS:
        one, other = chance.sample(known, 2)
        if rows.labels[one] != rows.labels[other]:
            pairs.append((one, other))
    texts = [f"{rows.texts[one]} {rows.texts[other]}" for one, other in pairs]
    right = characters = exact = 0
    borders = []
    for (one, other), text, spans in zip(pairs, texts, spans_of_texts(engine, texts), strict=True):
        border = len(rows.texts[one])
        right += _right(spans, rows.labels[one], 0, border)
        right += _right(spans, rows.labels[other], border + 1, len(text))
        characters += len(text) - 1
        if [span.label for span in spans] == [rows.labels[one], rows.labels[other]]:
            exact += 1
            borders.append(min(abs(spans[1].start - border), abs(spans[1].start - border - 1)))
    return {
        "texts": len(texts),
        "characters": right / characters,
        "exact": exact / len(texts),
        "border": float(sorted(borders)[len(borders) // 2]) if borders else float("nan"),
    }


def _right(spans: list[LanguageSpan], label: str, start: int, end: int) -> int:
    return sum(max(0, min(span.end, end) - max(span.start, start)) for span in spans if span.label == label)
