"""`scopesift explain`: the features behind a verdict, and where in the text each was strongest."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.errors import UsageError
from scopesift_files.row_readers.texts import read_texts

from scopesift.commands.choices import (
    STDIN,
    BackendOption,
    ClassifierOption,
    DeviceOption,
    ScopeOption,
    check_output,
    load_engine,
)
from scopesift.terminal.contributions import contribution_table, says
from scopesift.terminal.streams import output, print_json, say
from scopesift.terminal.verdicts import flags_first, marked, printable


def explain(
    text: Annotated[
        str, typer.Argument(help="The text to explain, or '-' to read it from stdin: one line or row.")
    ],
    html: Annotated[
        Path | None, typer.Option(help="Also write an HTML page with every token shaded by its contribution.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object with every feature for and against.")
    ] = False,
    scope: ScopeOption = DEFAULT_SCOPE,
    classifier: ClassifierOption = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
) -> None:
    """Explain each classifier's verdict: the features that speak for it and against it, the most telling first.

    --json prints what `classify --json` does, with all features that contribute as evidence, each with "says".

    Example: `scopesift explain "You are such an idiot" --html why.html`

    Example: `echo "You are such an idiot" | scopesift explain - --json`
    """
    if text == STDIN:
        text = _from_stdin()
    check_output(html)
    engine = load_engine(scope, classifier or [], device, backend)
    forms = engine.forms([text])
    reading = engine.reader.read(forms.texts)
    answer = engine.verdicts(forms, reading)[0]
    items = {name: engine.for_and_against(name, verdict, forms, reading) for name, verdict in answer.items()}
    if json:
        print_json(_record(engine, text, answer, items))
    else:
        output.print(marked(text, answer))
        for row in forms.restored:
            names = [name for name, one in engine.classifiers.items() if forms.rows(one)[0] == row]
            output.print(Text(f"{', '.join(names)} reads: {printable(forms.texts[row])}", style="dim"))
        for name, verdict in flags_first(answer):
            rule = engine.classifiers[name].decision(verdict.rule).rules[verdict.likeliest]
            output.print()
            output.print(contribution_table(name, verdict, items[name], adds=rule.adds))
    if html is not None:
        from scopesift_classifiers.pages.explanation import write_explanation

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


def _record(
    engine: Engine, text: str, answer: Mapping[str, Verdict], items: Mapping[str, Sequence[Evidence]]
) -> dict[str, Any]:
    """The record of `classify --json`, with everything that speaks for or against each label as evidence."""
    record = engine.records([text], [answer])[0]
    for name, found in items.items():
        record[name]["evidence"] = [{"says": says(item), **item.to_dict()} for item in found]
    return record
