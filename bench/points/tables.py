"""The tables of docs/cuts.md."""

from __future__ import annotations

from typing import Any

from bench.markdown import markdown
from bench.results_file import stored

MOST_ERROR = 0.06
"""Required expected calibration error, at most."""


def calibration(result: dict[str, Any] | None = None) -> str:
    """The calibration error of every language's rule, on test rows of all its sources and on those of TextDetox."""
    found = result or stored("points-cpu")
    rows = []
    for lang in sorted(found["own_rows"] | found["textdetox"]):
        own, alone = found["own_rows"].get(lang), found["textdetox"].get(lang)
        several = own is not None and len(own["sources"]) > 1
        rows.append(
            [
                lang,
                *([f"{own['n']:,}", ", ".join(own["sources"]), *_error(own)] if own else ["–"] * 5),
                *(_error(alone) if alone and (several or own is None) else ["", "", ""]),
            ]
        )
    header = [
        "",
        "test rows",
        "sources",
        "ECE",
        "95%",
        "by chance",
        "TextDetox rows alone",
        "95%",
        "by chance",
    ]
    return markdown(header, rows)


def cuts(result: dict[str, Any] | None = None) -> str:
    """The false-positive rate and recall of the shipped cuts, and of cuts that were chosen on dev rows."""
    found = result or stored("points-cpu")
    rows = []
    for lang, measured in found["textdetox"].items():
        cut, test = found["cuts"][lang], measured["recut"]
        rows.append(
            [
                lang,
                f"{measured['shipped']['false_positive_rate']:.3f}",
                f"{measured['shipped']['recall']:.3f}",
                f"{cut['before']:.3f}",
                f"{cut['after']:.3f} ({_ends(cut['cut_interval'])})",
                f"{cut['false_positive_rate']:.3f}",
                f"{test['false_positive_rate']:.3f} ({_ends(test['intervals']['false_positive_rate'])})",
                f"{test['recall']:.3f}",
            ]
        )
    header = [
        "",
        "FPR as shipped",
        "recall",
        "cut",
        "new cut (95%)",
        "FPR on dev",
        "FPR on test (95%)",
        "recall",
    ]
    return markdown(header, rows)


def summary(result: dict[str, Any] | None = None) -> str:
    """In how many languages the error is small enough, and the required rate holds on test rows."""
    found = result or stored("points-cpu")
    required = float(found["required"]["false_positive_rate"])
    recut = {lang: own["recut"] for lang, own in found["textdetox"].items()}
    inside = [
        lang
        for lang, own in recut.items()
        if own["intervals"]["false_positive_rate"][0]
        <= required
        <= own["intervals"]["false_positive_rate"][1]
    ]
    before = [own["shipped"]["false_positive_rate"] for own in found["textdetox"].values()]
    after = [own["false_positive_rate"] for own in recut.values()]
    return (
        f"{_small('on test rows of all sources of its rule', found['own_rows'])} "
        f"{_small('on TextDetox rows alone', found['textdetox'])} A false-positive rate of {required:g} is inside the "
        f"95% interval on test rows in {len(inside)} of {len(recut)} languages{_except(recut, inside)}; over the "
        f"languages the rate goes from {min(after):.3f} to {max(after):.3f}, with the shipped cuts from "
        f"{min(before):.3f} to {max(before):.3f}."
    )


def _small(where: str, measured: dict[str, Any]) -> str:
    small = [lang for lang, own in measured.items() if own["ece"] <= MOST_ERROR]
    return (
        f"Expected calibration error {where}: at most {MOST_ERROR:g} in {len(small)} of {len(measured)} languages"
        f"{_except(measured, small)}."
    )


def _except(every: dict[str, Any], some: list[str]) -> str:
    rest = [lang for lang in every if lang not in some]
    return f" (not in {', '.join(rest)})" if rest else ""


def _error(measured: dict[str, Any]) -> list[str]:
    chance = measured["ece_by_chance"]
    return [
        f"**{measured['ece']:.3f}**",
        _ends(measured["ece_interval"]),
        f"{chance['mean']:.3f}, rarely over {chance['p95']:.3f}",
    ]


def _ends(interval: list[float]) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}"
