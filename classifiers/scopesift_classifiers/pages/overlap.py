"""The overlap of data sets as one HTML page: heat map, layers, and the features that make the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from scopesift_files.counted import counted

from scopesift_classifiers.overlaps.comparison import Overlap, containment_matrix, split_half
from scopesift_classifiers.overlaps.differences import Difference
from scopesift_classifiers.overlaps.examples import Example
from scopesift_classifiers.overlaps.measure import LAST, Measured
from scopesift_classifiers.pages.page import folded, html_table, section, write_page
from scopesift_classifiers.pages.plots import Axes, share_bars

LINES = (("a_in_b", "line of-linear_probe"), ("b_in_a", "line of-tfidf"), ("jaccard", "line ours"))
MOST_FIGURES = 24


def write_overlap(path: Path, measured: Measured) -> None:
    """Write the page; it quotes the texts of the data sets.

    Args:
        path: The file, written atomically.
        measured: The result of `measure_overlap`.
    """
    names = [usage.name for usage in measured.usages]
    body = "".join(
        (
            f'<p class="lead">{escape(_lead(measured))}</p>',
            section("sets", "Data sets", _data_sets(measured)),
            section("shared", "What they share", _heat_map(measured) + _pairs(measured)),
            section("layers", "Layer by layer", _layers(measured))
            if len(measured.usages[0].layers) > 1
            else "",
            section("differences", "What makes the difference", _differences(measured)),
        )
    )
    write_page(path, f"Overlap of {', '.join(names[:-1])} and {names[-1]}", body)


def _lead(measured: Measured) -> str:
    settings = measured.settings
    where = "its last token" if settings.pool == LAST else "any of its tokens"
    return (
        f"A data set uses a feature of {measured.scope_id} if it is active on {where} in at least "
        f"{settings.min_share:.3g} of the documents. {counted(len(measured.usages), 'data set')}, "
        f"{counted(len(measured.usages[0].layers), 'layer')}."
    )


def _data_sets(measured: Measured) -> str:
    rows = []
    for usage in measured.usages:
        halves = split_half(usage, measured.settings.min_share)
        used = sum(int(usage.used(layer, measured.settings.min_share).sum()) for layer in usage.layers)
        numbers = [_three(halves[name]) for name in ("jaccard", "contained", "largest_gap")]
        rows.append([usage.name, f"{usage.rows:,}", f"{used:,}", *numbers])
    header = ["", "documents", "features used", "halves: Jaccard", "contained", "largest gap"]
    return html_table(header, rows, numbers_from=1) + (
        '<p class="dim">Two random halves of one data set do not use exactly the same features either: what is missing '
        "to 1 is chance. The largest gap is how far a single feature's shares of documents are apart in two halves. "
        "Larger data sets have more features near the minimum share and a higher "
        "overlap of their halves; compare data sets with the same number of rows (<code>--rows</code>).</p>"
    )


def _heat_map(measured: Measured) -> str:
    names = [usage.name for usage in measured.usages]
    values = containment_matrix(measured.usages, measured.settings.min_share)
    head = "".join(f"<th>in {escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(map(_heat, own))}</tr>"
        for name, own in zip(names, values, strict=True)
    )
    return (
        "<p>The share of the features of each row that the column uses too, over all layers.</p>"
        f'<div class="wide"><table class="heat"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _heat(value: float | None) -> str:
    if value is None:
        return "<td>–</td>"
    share = round(100 * value)
    return f'<td style="background:color-mix(in srgb, var(--ours) {0.6 * share:.0f}%, transparent)">{value:.3f}</td>'


def _pairs(measured: Measured) -> str:
    rows = []
    for (a, b), by_layer in measured.pairs.items():
        one = Overlap.total(by_layer.values())
        rows.append(
            [
                measured.usages[a].name,
                measured.usages[b].name,
                *(f"{size:,}" for size in (one.size_a, one.size_b, one.shared)),
                _three(one.jaccard),
                f"{_three(one.a_in_b)} ({_three(one.a_in_b_by_chance)})",
                f"{_three(one.b_in_a)} ({_three(one.b_in_a_by_chance)})",
            ]
        )
    header = ["A", "B", "A uses", "B uses", "both", "Jaccard", "A in B", "B in A"]
    return (
        "<h3>Pairs</h3>"
        + html_table(header, rows, numbers_from=2)
        + (
            '<p class="dim">In brackets: if the other data set used as many features, but drawn at random.</p>'
        )
    )


def _layers(measured: Measured) -> str:
    figures = [
        f"<figure><figcaption><b>{escape(measured.usages[a].name)}</b> (A) and "
        f"<b>{escape(measured.usages[b].name)}</b> (B)</figcaption>{_curve(by_layer)}</figure>"
        for (a, b), by_layer in list(measured.pairs.items())[:MOST_FIGURES]
    ]
    left = len(measured.pairs) - len(figures)
    more = f'<p class="dim">Not shown: {counted(left, "more pair")}.</p>' if left else ""
    return (
        '<div class="legend"><span><i class="swatch of-linear_probe"></i>A in B</span><span>'
        '<i class="swatch of-tfidf"></i>B in A</span><span><i class="swatch"></i>Jaccard</span></div>'
        f'<div class="figures small">{"".join(figures)}</div>{more}'
    )


def _curve(by_layer: Mapping[int, Overlap]) -> str:
    layers = sorted(by_layer)
    step = max(1, -(-len(layers) // 6))
    ends = (float(layers[0]), float(layers[-1]))
    axes = Axes("layer", "overlap", x_ends=ends, x_ticks=[(layer, str(layer)) for layer in layers[::step]])
    for name, kind in LINES:
        points = [(float(layer), getattr(by_layer[layer], name)) for layer in layers]
        known = [(x, y) for x, y in points if y is not None]
        if known:
            axes.line(known, kind)
            for x, y in known:
                axes.dot(
                    x,
                    y,
                    kind.replace("line ours", "point").removeprefix("line "),
                    radius=3.5,
                    title=f"{y:.3f}",
                )
    return axes.svg("Overlap by layer")


def _differences(measured: Measured) -> str:
    parts = []
    for at, ((a, b), found) in enumerate(measured.differences.items()):
        names = measured.usages[a].name, measured.usages[b].name
        if found:
            cards = "".join(_card(one, names) for one in found)
            title = f"used by {names[0]}, not by {names[1]}"
            parts.append(folded(title, f'<div class="cards">{cards}</div>', opened=at < 2))
    if not parts:
        return "<p>No data set uses a feature that another one doesn't.</p>"
    return (
        "<p>The features with the largest difference between the shares of documents. Of thousands of features some "
        "differ by chance: compare with the largest gap of the data set's own halves. The quoted texts are from the "
        f"data sets, and as offensive as those are.</p>{''.join(parts)}"
    )


def _card(one: Difference, names: Sequence[str]) -> str:
    quotes = "".join(_quote(example) for example in one.examples)
    shares = {names[0]: one.share, names[1]: one.other_share}
    elsewhere = f"; elsewhere strongest on <bdi>{escape(one.label)}</bdi>" if one.label else ""
    return (
        f'<article class="card"><h3 dir="auto">{escape(one.words or one.label or "no examples")}</h3>'
        f'<p class="dim">layer {one.layer}, feature {one.feature}{elsewhere}</p>'
        f"<h4>Active in this share of the documents</h4>{share_bars(shares)}"
        f"{f'<h4>Strongest</h4>{quotes}' if quotes else ''}</article>"
    )


def _quote(example: Example) -> str:
    return (
        f'<div class="quote" dir="auto">{escape(example.before)}<mark>{escape(example.shown)}</mark>'
        f'{escape(example.after)}</div><div class="dim">row {example.row + 1:,}, activation '
        f"{example.activation:.1f}</div>"
    )


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
