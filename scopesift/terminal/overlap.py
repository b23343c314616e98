"""Output of `scopesift overlap`: sizes, a heat map, pairs by layer, and the features that make the difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from scopesift_classifiers.overlaps.comparison import Overlap, containment_matrix, split_half
from scopesift_classifiers.overlaps.differences import Difference
from scopesift_classifiers.overlaps.measure import LAST, Measured
from scopesift_classifiers.overlaps.usage import least_documents
from scopesift_files.counted import counted

from scopesift.terminal.tables import Column, FittedTable, decimals, numbers
from scopesift.terminal.verdicts import printable

MOST_LINES = 60
"""Of the table of pairs; with more, layers are left to the JSON and the page."""
MOST_DATA_SETS = 3
"""Up to so many the differences are shown."""
FEW_DOCUMENTS = 5
"""If the minimum share is fewer documents, chance decides on rare features."""
UNEVEN = 1.25
MOST_USED = 0.6
"""If a data set uses a larger share of all features, overlap says little."""
BEFORE, AFTER = 28, 12  # characters of an example


def overlap_tables(measured: Measured) -> Iterator[FittedTable | Text]:
    """All tables, each after its heading."""
    yield _heading(_how(measured))
    yield _data_sets(measured)
    yield _heading("share of the features of each row that the column uses too")
    yield _heat_map(measured)
    yield _heading("pairs; chance: if the other one used as many features, but drawn at random")
    yield _pairs(measured)
    if len(measured.usages) <= MOST_DATA_SETS:
        for (a, b), found in measured.differences.items():
            if found:
                own, other = (f"{letter(at)} {printable(measured.usages[at].name)}" for at in (a, b))
                gap = split_half(measured.usages[a], measured.settings.min_share)["largest_gap"]
                chance = f" (shares in its halves: up to {gap:.1%} apart)" if gap is not None else ""
                yield _heading(f"used by {own}, not by {other}{chance}")
                yield _differences(letter(a), letter(b), found)


def doubts(measured: Measured) -> list[str]:
    """What should keep a reader from reading too much into the numbers."""
    sizes = [usage.rows for usage in measured.usages]
    said = []
    if max(sizes) > UNEVEN * min(sizes):
        said.append(
            f"the data sets have {min(sizes):,} to {max(sizes):,} rows, and how many features one uses depends on its "
            f"size: --rows {min(sizes)} draws as many from each"
        )
    share = measured.settings.min_share
    for usage in measured.usages:
        least = least_documents(usage.rows, share)
        if least < FEW_DOCUMENTS:
            said.append(
                f"{usage.name}: {share:.3g} of {counted(usage.rows, 'row')} is {counted(least, 'document')}, so chance "
                "decides on rare features; see how its halves overlap, or take more rows or a larger --min-share"
            )
    most = max(max(one.size_a, one.size_b) for one in _totals(measured))
    if most > MOST_USED * measured.features:
        said.append(
            f"{most / measured.features:.0%} of all features are used at this --min-share, so that data sets overlap "
            "as much by chance; a larger one tells them apart"
        )
    if len(measured.usages) > MOST_DATA_SETS:
        said.append("the features that make the difference are in --json and --html")
    return said


def letter(at: int) -> str:
    """A for the first data set, B for the second; numbers after Z."""
    return chr(ord("A") + at) if at < 26 else str(at + 1)


def _how(measured: Measured) -> str:
    settings, layers = measured.settings, measured.usages[0].layers
    where = "the last token" if settings.pool == LAST else "any token"
    return (
        f"{measured.scope_id}, {counted(len(layers), 'layer')} with {measured.features:,} features; used: active on "
        f"{where} of at least {settings.min_share:.3g} of the documents; halves: two random halves of a data set"
    )


def _data_sets(measured: Measured) -> FittedTable:
    settings = measured.settings
    names = ("rows", "features", "halves: Jaccard", "contained")
    table = FittedTable([Column(""), Column("data set", least=16), *numbers(*names)])
    for at, usage in enumerate(measured.usages):
        halves = split_half(usage, settings.min_share)
        used = sum(int(usage.used(layer, settings.min_share).sum()) for layer in usage.layers)
        table.add_row(
            letter(at),
            printable(usage.name),
            f"{usage.rows:,}",
            f"{used:,}",
            decimals(halves["jaccard"]),
            decimals(halves["contained"]),
        )
    return table


def _heat_map(measured: Measured) -> FittedTable:
    letters = [letter(at) for at in range(len(measured.usages))]
    table = FittedTable([Column(""), *numbers(*letters)])
    for name, values in zip(
        letters, containment_matrix(measured.usages, measured.settings.min_share), strict=True
    ):
        table.add_row(name, *map(_heat, values))
    return table


def _pairs(measured: Measured) -> FittedTable:
    table = FittedTable(
        [
            *(Column("A"), Column("B"), Column("layer", right=True)),
            *(Column(name, right=True, drop=1) for name in ("A uses", "B uses", "shared")),
            *numbers("Jaccard", "A in B", "chance", "B in A", "chance"),
        ]
    )
    n_lines = sum(len(by_layer) + 1 for by_layer in measured.pairs.values())
    for (a, b), by_layer in measured.pairs.items():
        if len(by_layer) > 1 and n_lines <= MOST_LINES:
            for layer, one in by_layer.items():
                table.add_row(letter(a), letter(b), str(layer), *_numbers(one))
        table.add_row(letter(a), letter(b), "all", *_numbers(Overlap.total(by_layer.values())), style="bold")
    return table


def _numbers(one: Overlap) -> list[str]:
    sizes = [f"{size:,}" for size in (one.size_a, one.size_b, one.shared)]
    shares = (one.jaccard, one.a_in_b, one.a_in_b_by_chance, one.b_in_a, one.b_in_a_by_chance)
    return [*sizes, *map(decimals, shares)]


def _differences(own: str, other: str, found: Sequence[Difference]) -> FittedTable:
    named = any(one.label for one in found)
    words = ("strongest on", "elsewhere on", "as in") if named else ("strongest on", "as in")
    table = FittedTable(
        [Column("feature"), *numbers(own, other), *(Column(name, least=10) for name in words)]
    )
    for one in found:
        shares = [f"{share:.1%}" for share in (one.share, one.other_share)]
        labels = [printable(one.label)] if named else []
        table.add_row(f"{one.layer}:{one.feature}", *shares, printable(one.words), *labels, _example(one))
    return table


def _example(one: Difference) -> Text:
    """The strongest example with its word marked, on one line."""
    if not one.examples:
        return Text("")
    example = one.examples[0]
    before, after = _flat(example.before)[-BEFORE:], _flat(example.after)[:AFTER]
    return Text.assemble((before, "dim"), (printable(example.shown), "bold"), (after, "dim"))


def _flat(text: str) -> str:
    """White space as single spaces, also at the edges."""
    return printable(" ".join(f"|{text}|".split())[1:-1])


def _totals(measured: Measured) -> list[Overlap]:
    return [Overlap.total(by_layer.values()) for by_layer in measured.pairs.values()]


def _heading(text: str) -> Text:
    return Text(text, style="italic")


def _heat(value: float | None) -> Text:
    """A cell that is darker the larger its value is; white or black text, whichever is readable."""
    if value is None:
        return Text("–")
    light, dark = (238, 236, 250), (72, 56, 190)
    red, green, blue = (round(a + value * (b - a)) for a, b in zip(light, dark, strict=True))
    return Text(
        f" {decimals(value)} ", style=f"{'white' if value > 0.5 else 'black'} on rgb({red},{green},{blue})"
    )
