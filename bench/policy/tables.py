"""Tables of the policy result, ours beside the published figures."""

from __future__ import annotations

import statistics
from typing import Any

from bench.markdown import markdown, three
from bench.results_file import stored

NAMES = {
    "scopesift": "**scopesift, default fit**",
    "lda": "closed-form LDA on the mean residual",
    "tfidf": "character TF-IDF + ridge",
}


def one_line(result: dict[str, Any], cell: str) -> str:
    """A cell as one line, for the terminal."""
    systems = result["rows"][cell]["systems"]
    found = ", ".join(f"{name} {_mean(result, cell, name):.3f}" for name in systems)
    return f"{cell}, {result['rows'][cell]['train_rows']} train rows: weighted F1 {found}"


def everything(result: dict[str, Any]) -> str:
    """All tables, for the terminal."""
    return f"{_by_language(result)}\n\n{_curve(result)}"


def by_language() -> str:
    """Weighted F1 by language, with the published figures."""
    return _by_language(stored("policy-cpu"))


def curve() -> str:
    """Quality by number of labels and features."""
    return _curve(stored("policy-cpu"))


def _by_language(result: dict[str, Any]) -> str:
    measured_on = result["measured_on"]
    published, languages = measured_on["published"]["languages"], list(measured_on["sizes"])
    count = [int(published[lang]["models"]) for lang in languages]
    rows = []
    for name, key in ((f"best of {min(count)} to {max(count)} LLMs †", "best"), ("median LLM †", "median")):
        rows.append(_row(name, [published[lang][key] for lang in languages]))
    for says, cell in (
        ("no labels of the language", "without {}"),
        ("its own labels", "own {}"),
        ("labels of all languages", "all"),
    ):
        for system, name in NAMES.items():
            figures = [result["rows"][cell.format(lang)]["systems"][system]["f1"][lang] for lang in languages]
            rows.append(_row(f"{name}, {says}", figures))
    moved = [result["rows"].get(f"moved {lang}") for lang in languages]
    if all(moved):
        figures = [
            row["systems"]["scopesift"]["f1"][lang] for lang, row in zip(languages, moved, strict=True)
        ]
        rows.append(_row("**scopesift**, labels of all languages, then `transfer` with its own", figures))
    sizes = measured_on["sizes"]
    rows.append(["train rows", *(f"{sizes[lang]['train']:,}" for lang in languages), ""])
    rows.append(["test rows", *(f"{sizes[lang]['test']:,}" for lang in languages), ""])
    note = (
        f"† published: {measured_on['published']['source']}; the same test rows. Labels with fewer than five train "
        "rows are not fitted; the likeliest label is given however unlikely it is. Dev rows choose, test rows are "
        "asked about once a fit."
    )
    return markdown(["weighted F1, test", *languages, "mean"], rows) + f"\n\n{note}"


def _curve(result: dict[str, Any]) -> str:
    """Mean over languages against the number of train rows, and dev accuracy against the number of features."""
    # a limit above the number of rows gives the fit on all rows
    by_size = {
        result["rows"][name]["train_rows"]: name
        for name in result["rows"]
        if name == "all" or name.startswith("rows ")
    }
    fits = [by_size[size] for size in sorted(by_size)]
    header = [
        f"weighted F1, mean of {len(result['measured_on']['sizes'])}",
        *(f"{result['rows'][name]['train_rows']:,} train rows" for name in fits),
    ]
    rows = [[name, *(three(_mean(result, cell, system)) for cell in fits)] for system, name in NAMES.items()]
    return markdown(header, rows)


def _row(name: str, figures: list[float]) -> list[str]:
    return [name, *map(three, figures), three(statistics.fmean(figures))]


def _mean(result: dict[str, Any], cell: str, system: str) -> float:
    return statistics.fmean(result["rows"][cell]["systems"][system]["f1"].values())
