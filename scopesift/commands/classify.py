"""`scopesift classify`: verdicts with evidence for texts from the command line or from stdin."""

from __future__ import annotations

import itertools
import sys
from typing import Annotated, Any

import typer
from scopesift_classifiers.artifact.classifier import LANGUAGE
from scopesift_classifiers.judging.language_spans import spans_of_texts
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError
from scopesift_files.row_readers.row import Row
from scopesift_files.row_readers.texts import read_texts

from scopesift.commands.choices import (
    STDIN,
    BackendOption,
    ClassifierOption,
    DeviceOption,
    HeadOption,
    ScopeOption,
    load_engine,
)
from scopesift.terminal.streams import REJECTED, complain, output, print_json, reading, say
from scopesift.terminal.verdicts import verdict_listing

CHUNK = 2000


def classify(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts, or '-' to read lines or JSONL from stdin.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line instead of a table.")
    ] = False,
    scope: ScopeOption = DEFAULT_SCOPE,
    classifier: ClassifierOption = None,
    spans: Annotated[
        bool, typer.Option("--spans", help="Show the languages of parts of a text as spans.")
    ] = False,
    device: DeviceOption = None,
    backend: BackendOption = None,
    head: HeadOption = None,
) -> None:
    """Classify texts: toxicity, language and domain, with the words that are evidence for it.

    Example: `scopesift classify "You are such an idiot" "Der Zug kommt um acht."`

    Example: `scopesift classify --spans "Good morning everyone. Wir sehen uns morgen um acht."`

    Example: `zcat posts.jsonl.gz | scopesift classify - --json > verdicts.jsonl`

    For a line of stdin that cannot be read, --json prints {"error": {"code", "message", "line"}} in its place; the exit
    code is then 3.
    """
    if not texts:
        raise UsageError("no text to classify; give texts as arguments, or '-' to read them from stdin")
    if STDIN in texts and len(texts) > 1:
        raise UsageError("'-' means stdin and cannot be combined with texts; give one or the other")
    rows = (
        read_texts(sys.stdin.buffer)
        if texts == [STDIN]
        else (Row("", at, text=text) for at, text in enumerate(texts))
    )
    engine = load_engine(scope, classifier or [], device, backend, head)
    read = unreadable = 0
    while chunk := list(itertools.islice(rows, CHUNK)):
        good = [row.text for row in chunk if not row.reason]
        with reading("classifying") as progress:
            answers = engine.predict(good, on_progress=progress)
        parts = spans_of_texts(engine, good) if spans else None
        if json:
            records = engine.records(good, answers)
            if parts is not None:
                for record, part in zip(records, parts, strict=True):
                    record[LANGUAGE]["spans"] = [span.to_dict() for span in part]
            sound = iter(records)
            for row in chunk:
                print_json(_error(row) if row.reason else next(sound))
        else:
            for row in chunk:
                if row.reason:
                    complain(row.complaint)
            if good:
                for shown in verdict_listing(good, answers, parts):
                    output.print(shown)
        read, unreadable = read + len(chunk), unreadable + len(chunk) - len(good)
    if unreadable:
        say(f"{unreadable:,} of {counted(read, 'line')} could not be read; exit code {REJECTED}")
        raise typer.Exit(REJECTED)


def _error(row: Row) -> dict[str, Any]:
    """The error record of a line that could not be read."""
    return {"error": {"code": row.reason, "message": row.complaint, "line": row.line}}
