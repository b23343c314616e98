"""Quality of transfer to other languages: the matrix and the learning curves of a transfer file."""

from __future__ import annotations

import json
import statistics
from html import escape
from pathlib import Path
from typing import Any

from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.pages.plots import Axes
from scopesift_classifiers.pages.report_words import METRIC_NAMES, language_name

METRIC = "balanced_accuracy"
LEAST_SHOWN = 0.4  # of the curves' axis: guessing is .5
TENTH = "0.1"
CURVES = ("zero_shot", "few", "full")


def read_transfer(path: Path) -> dict[str, Any]:
    """Read a file of `scopesift transfer --learning-curve --json` or `bench transfer`; see docs/transfer.md.

    Raises:
        UsageError: There is no such file.
        InputError: It has another format.
    """
    if not path.is_file():
        raise UsageError(
            f"{path}: there is no such file; give what `scopesift transfer --learning-curve` wrote"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: expected JSON, got something else ({error}); write it again") from None
    missing = (
        [key for key in ("languages", *CURVES) if key not in content] if isinstance(content, dict) else CURVES
    )
    if missing:
        raise InputError(
            f"{path}: expected the keys languages, {', '.join(CURVES)}, got none of {', '.join(missing)}; "
            "write it again with `scopesift transfer --learning-curve --json`"
        )
    found: dict[str, Any] = content
    return found


def transfer_section(content: dict[str, Any]) -> str:
    """The matrix of languages and amounts of labels, a curve per language, and why some fail."""
    languages = [str(code) for code in content["languages"]]
    shares = sorted({share for points in content["few"].values() for share in points}, key=float)
    return (
        "<p>The classifier was fitted on one language. The first column is what it is worth in another without any "
        "label of that language; the next ones, with a share of its labels; the last, fitted on all of them. "
        f"Numbers are {METRIC_NAMES[METRIC]}: .5 is guessing, 1 is perfect.</p>"
        f"{_matrix(content, languages, shares)}{_curves(content, languages, shares)}{_reasons(content, languages)}"
    )


def _matrix(content: dict[str, Any], languages: list[str], shares: list[str]) -> str:
    parts = [share for share in shares if float(share) < 1]
    beside = TENTH if TENTH in parts else next(iter(parts), None)
    header = ["", "no labels", *(f"{100 * float(share):g}%" for share in parts), "all labels"]
    if beside is not None:
        header.append(f"words only, {100 * float(beside):g}%")
    rows = []
    for code in languages:
        few = content["few"].get(code, {})
        values = [_of(content["zero_shot"].get(code)), *(_of(few.get(share)) for share in parts)]
        values.append(_of(content["full"].get(code)))
        if beside is not None:
            values.append(_of(few.get(beside, {}).get("tfidf")))
        rows.append(
            f"<tr><th>{escape(language_name(code))}</th>{''.join(_heat(value) for value in values)}</tr>"
        )
    head = "".join(f"<th>{escape(text)}</th>" for text in header)
    return (
        f'<div class="wide"><table class="heat"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        '</div><p class="dim">Means over several draws where there are several. "Words only" is TF-IDF + logistic '
        "regression on the same rows.</p>"
    )


def _curves(content: dict[str, Any], languages: list[str], shares: list[str]) -> str:
    if len(shares) < 2:
        return ""
    figures = []
    places = {share: at / (len(shares) - 1) for at, share in enumerate(shares)}
    ticks = [(places[share], f"{100 * float(share):g}%") for share in shares]
    for code in languages:
        few = content["few"].get(code, {})
        if not few:
            continue
        axes = Axes("share of the labels", METRIC_NAMES[METRIC], y_ends=(LEAST_SHOWN, 1.0), x_ticks=ticks)
        zero = _of(content["zero_shot"].get(code))
        if zero is not None:
            axes.line([(0, zero), (1, zero)], "even")
        for kind, pick in (("of-tfidf", "tfidf"), ("ours", None)):
            middles, upper, lower = [], [], []
            for share in shares:
                point = few.get(share)
                point = point.get(pick) if pick and point else point
                value, spread = _of(point), _spread(point)
                if value is None:
                    continue
                middles.append((places[share], max(value, LEAST_SHOWN)))
                upper.append((places[share], min(value + spread, 1.0)))
                lower.append((places[share], max(value - spread, LEAST_SHOWN)))
            if middles:
                axes.band(upper, lower, kind if pick else "point")
                axes.line(middles, f"line {kind}")
        name = language_name(code)
        svg = axes.svg(f"Learning curve of {name}")
        figures.append(f"<figure><figcaption><b>{escape(name)}</b></figcaption>{svg}</figure>")
    return (
        "<h3>Learning curves</h3>"
        '<div class="legend"><span><i class="swatch"></i>transfer</span><span><i class="swatch of-tfidf"></i>'
        "TF-IDF + logistic regression on the same rows</span><span>dashed: no labels; bands: one standard deviation "
        f'over draws</span></div><div class="figures small">{"".join(figures)}</div>'
    )


def _reasons(content: dict[str, Any], languages: list[str]) -> str:
    why = content.get("why")
    if not why:
        return ""
    if isinstance(why, dict):
        told = [
            (language_name(code), why[code])
            for code in [*languages, *(set(why) - set(languages))]
            if code in why
        ]
        items = "".join(f"<p><b>{escape(name)}</b>: {escape(_sentence(words))}</p>" for name, words in told)
    else:
        items = f"<p>{escape(_sentence(why))}</p>"
    return f"<h3>Where it fails, and why</h3>{items}"


def _sentence(words: Any) -> str:
    return " ".join(map(str, words)) if isinstance(words, list) else str(words)


def _of(point: Any) -> float | None:
    """Mean over draws of the metric; None if missing."""
    value = point.get(METRIC) if isinstance(point, dict) else None
    if isinstance(value, list):
        known = [float(each) for each in value if each is not None]
        return statistics.fmean(known) if known else None
    return None if value is None else float(value)


def _spread(point: Any) -> float:
    value = point.get(METRIC) if isinstance(point, dict) else None
    known = [float(each) for each in value if each is not None] if isinstance(value, list) else []
    return statistics.stdev(known) if len(known) > 1 else 0.0


def _heat(value: float | None) -> str:
    if value is None:
        return "<td>–</td>"
    strength = min(max((value - 0.5) / 0.5, 0.0), 1.0)
    shade = f"color-mix(in srgb, var(--ours) {55 * strength:.0f}%, var(--panel))"
    return f'<td style="background:{shade}">{value:.3f}</td>'
