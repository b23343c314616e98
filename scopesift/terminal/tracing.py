"""A trace as a table: a token a row."""

from __future__ import annotations

from rich.text import Text
from scopesift_classifiers.tracing.trace import FiredFeature, Trace

from scopesift.terminal.tables import Column, FittedTable
from scopesift.terminal.verdicts import printable


def trace_table(trace: Trace) -> FittedTable:
    """The tokens of a trace, those that the model wrote in bold, with their features."""
    about = "features: activation, name, tokens that they make likelier"
    table = FittedTable([Column("", right=True), Column("token", least=12), Column(about, least=24)])
    for number, token in enumerate(trace.tokens):
        marks = [
            mark
            for mark, at in (("first feature", trace.first_feature), ("first verdict", trace.first_verdict))
            if at == number
        ]
        shown = Text(printable(token.text), style="bold" if token.generated else "")
        if marks:
            shown.append(f"  ← {', '.join(marks)} {trace.label}", style="green")
        table.add_row(str(number), shown, Text("\n").join(map(_feature, token.features)))
    return table


def _feature(feature: FiredFeature) -> Text:
    text = Text(f"{feature.layer}:{feature.index} {feature.activation:.2f}")
    if feature.weight:
        text.append(f" {feature.weight:+.2f}", style="green" if feature.weight > 0 else "red")
    if feature.name:
        text.append(f" {printable(feature.name)}")
    if feature.lens:
        text.append(f" → {' '.join(repr(word)[1:-1] for word in feature.lens)}", style="dim")
    return text
