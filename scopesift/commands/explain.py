"""`scopesift explain`: the features behind a verdict, and where in the text each was strongest."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.table import Table
from rich.text import Text
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.judging.whole_word import whole_word
from scopesift_classifiers.pages.explanation import write_explanation
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.reading.selected import SelectedReader, SelectedReading
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError
from scopesift_files.row_readers.texts import read_texts

from scopesift.commands.choices import (
    STDIN,
    ClassifierOption,
    DeviceOption,
    ScopeOption,
    check_output,
    load_engine,
)
from scopesift.terminal.streams import output, say
from scopesift.terminal.verdicts import marked, printable

MOST_ROWS = 12


def explain(
    text: Annotated[
        str, typer.Argument(help="The text to explain, or '-' to read it from stdin: one line or row.")
    ],
    html: Annotated[
        Path | None, typer.Option(help="Also write an HTML page with every token shaded by its contribution.")
    ] = None,
    scope: ScopeOption = DEFAULT_SCOPE,
    classifier: ClassifierOption = None,
    device: DeviceOption = None,
) -> None:
    """Explain each classifier's verdict: the features with the largest contributions, for and against, and their words.

    Example: `scopesift explain "You are such an idiot" --html why.html`

    Example: `echo "You are such an idiot" | scopesift explain -`
    """
    if text == STDIN:
        text = _from_stdin()
    check_output(html)
    engine = load_engine(scope, classifier or [], device)
    forms = engine.forms([text])
    reading = SelectedReader(engine.scope, engine.features).read(forms.texts)
    answer = engine.verdicts(forms, reading)[0]
    output.print(marked(text, answer))
    for row in forms.restored:
        names = [name for name, one in engine.classifiers.items() if forms.rows(one)[0] == row]
        output.print(Text(f"{', '.join(names)} reads: {printable(forms.texts[row])}", style="dim"))
    for name, verdict in answer.items():
        output.print(_table(engine, name, verdict, reading, forms))
    if html is not None:
        write_explanation(html, text, answer, engine)
        say(f"wrote {html}")


def _from_stdin() -> str:
    """The single text of stdin, in the formats of `classify -`."""
    rows = list(itertools.islice(read_texts(sys.stdin.buffer), 2))
    if len(rows) != 1:
        found = "more than one" if rows else "nothing"
        raise UsageError(
            f'stdin holds {found}, but one text is explained at a time; give one line, or JSON with a "text" key'
        )
    return rows[0].sound().text


def _table(engine: Engine, name: str, verdict: Verdict, reading: SelectedReading, forms: TextForms) -> Table:
    """The features with the largest contributions for and against a decision's label."""
    classifier = engine.classifiers[name]
    decision, label = classifier.decision(verdict.rule), verdict.likeliest
    columns = engine.columns[name][verdict.rule]
    row = int(forms.rows(classifier)[0])
    acts_S = reading.acts_NS[row, columns]
    rule = decision.rules[label]
    given_S = decision.contributions(label, acts_S[None])[0]
    active = int((acts_S > 0).sum())
    title = f"{name}: {verdict.label} ({verdict.score:.2f}), rule {verdict.rule}, {counted(active, 'feature')} active"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    # features of a linear rule have no threshold, those of other rules no contribution to a sum
    says = f"for {label}" if rule.adds else "reached"
    for column, justify in (
        ("layer", "right"), ("feature", "right"), ("activation", "right"), ("threshold", "right"), (says, "right"),
        ("here on", "left"), ("usually on", "left"),
    ):  # fmt: skip
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for at in np.argsort(-np.abs(given_S), kind="stable")[:MOST_ROWS]:
        if given_S[at] == 0:
            break
        item, column = decision.features[at], columns[at]
        first, last = forms.original(row, *whole_word(forms.texts[row], *reading.span(row, column)))
        share = f"{given_S[at]:+.3f}" if rule.adds else f"{given_S[at]:.0%}"
        numbers = (str(item.layer), str(item.index), f"{acts_S[at]:.2f}", f"{item.threshold:.3g}", share)
        table.add_row(*numbers, printable(forms.originals[0][first:last]), item.label)
    return table
