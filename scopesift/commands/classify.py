"""`scopesift classify`: verdicts with evidence for texts from the command line or from stdin."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from scopesift_classifiers.classifier import LANGUAGE
from scopesift_classifiers.labelled_text import read_texts
from scopesift_classifiers.language_spans import spans_of_texts
from scopesift_features.catalogue import DEFAULT_SCOPE
from scopesift_files.errors import UsageError

from scopesift.commands.choices import ClassifierOption, DeviceOption, HeadOption, ScopeOption, load_engine
from scopesift.commands.terminal import output, print_json, reading
from scopesift.commands.verdict_table import verdict_table

CHUNK = 2000


def classify(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts, or '-' to read lines or JSONL from stdin.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")] = False,
    scope: ScopeOption = DEFAULT_SCOPE,
    classifier: ClassifierOption = None,
    spans: Annotated[
        bool, typer.Option("--spans", help="Show where in a text which language is; a switch is a new span.")
    ] = False,
    device: DeviceOption = None,
    head: HeadOption = "torch",
) -> None:
    """Say of each text whether it is toxic, its language and its domain, and which words show it.

    Example: `scopesift classify "You are such an idiot" "Der Zug kommt um acht."`

    Example: `scopesift classify --spans "Good morning everyone. Wir sehen uns morgen um acht."`

    Example: `zcat posts.jsonl.gz | scopesift classify - --json > verdicts.jsonl`
    """
    if not texts:
        raise UsageError("no text to classify; give texts as arguments, or '-' to read them from stdin")
    if "-" in texts and len(texts) > 1:
        raise UsageError("'-' stands for stdin and cannot be mixed with texts; give one or the other")
    stream: Iterator[str] = read_texts(sys.stdin.buffer) if texts == ["-"] else iter(texts)
    engine = load_engine(scope, classifier or [], device, head)
    while chunk := list(itertools.islice(stream, CHUNK)):
        with reading("classifying") as progress:
            answers = engine.predict(chunk, on_progress=progress)
        parts = spans_of_texts(engine, chunk) if spans else None
        if json:
            for row, record in enumerate(engine.records(chunk, answers)):
                if parts is not None:
                    record[LANGUAGE]["spans"] = [span.to_dict() for span in parts[row]]
                print_json(record)
        else:
            output.print(verdict_table(chunk, answers, parts))
