"""What speaks for and against a verdict, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_files.counted import counted

from scopesift.terminal.tables import Column, FittedTable
from scopesift.terminal.verdicts import printable

FOR, AGAINST = "for", "against"
MOST_ROWS = 12


def contribution_table(name: str, verdict: Verdict, items: Sequence[Evidence], *, adds: bool) -> FittedTable:
    """The features with the largest contributions, from what says most for the label to what says most against it.

    Args:
        name: Name of the classifier.
        verdict: Its verdict.
        items: Everything that contributes, largest contribution first.
        adds: Whether contributions are summed; else each is activation / threshold, and from 1 on a feature fires.
    """
    label = verdict.likeliest
    largest = sorted(items, key=lambda item: -abs(item.contribution))[:MOST_ROWS]
    kept = [item for item in items if item in largest]
    table = FittedTable(
        [
            Column(label if adds else "reached"),
            Column("feature"),
            Column("activation", right=True, drop=2),
            *([] if adds else [Column("fires from", right=True)]),
            Column("here on", least=12),
            Column("usually on", least=14, drop=1),
        ],
        title=f"{name}: {_given(verdict)}, rule {verdict.rule}, {counted(len(items), 'feature')} active",
        note=_rest([item for item in items if item not in largest]) if adds else "",
    )
    for item in kept:
        share = (
            f"{says(item):<{len(AGAINST)}} {item.contribution:+.2f}" if adds else f"{item.contribution:.0%}"
        )
        table.add_row(
            Text(share, style=("red" if item.contribution > 0 else "blue") if adds else ""),
            f"{item.layer}:{item.feature}",
            f"{item.activation:.2f}",
            *([] if adds else [f"{item.threshold:.2f}"]),
            printable(item.word),
            printable(item.name),
        )
    return table


def says(item: Evidence) -> str:
    """Whether a feature speaks for or against the label."""
    return FOR if item.contribution > 0 else AGAINST


def _given(verdict: Verdict) -> str:
    if verdict.flagged is False:
        return f"not {verdict.likeliest} ({verdict.score:.2f}, flagged from {verdict.cut:.2f})"
    return f"{verdict.label} ({verdict.score:.2f})"


def _rest(items: Sequence[Evidence]) -> str:
    """What the features that are not shown add up to."""
    if not items:
        return ""
    sums = [sum(item.contribution for item in items if says(item) == side) for side in (FOR, AGAINST)]
    return f"and {counted(len(items), 'smaller one')}: {FOR} {sums[0]:+.2f}, {AGAINST} {sums[1]:+.2f}"
