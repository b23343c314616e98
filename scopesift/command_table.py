"""The commands by name, so that listing them or running one doesn't import the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

import typer
import typer.main

from scopesift.terminal.dashes import DashAware
from scopesift.terminal.flags import PlainCommand, PlainGroup

MARKUP: Literal["markdown"] = "markdown"


@dataclass(frozen=True)
class Entry:
    """A command or a group of commands.

    Attributes:
        name: as it is typed.
        module: under `scopesift.commands`.
        member: its function, or the group's `typer.Typer`.
        summary: first paragraph of its help.
        takes_text: whether its arguments may begin with a dash.
    """

    name: str
    module: str
    member: str
    summary: str
    takes_text: bool = True

    def load(self) -> Any:
        """The command, imported."""
        found = getattr(import_module(f"scopesift.commands.{self.module}"), self.member)
        alone = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=self.name)
            return typer.main.get_group(alone).commands[self.name]
        alone.command(self.name, cls=DashAware if self.takes_text else PlainCommand)(found)
        return typer.main.get_command(alone)


ENTRIES = (
    Entry(
        "classify",
        "classify",
        "classify",
        "Classify texts: toxicity, language and domain, with the words that are evidence for it.",
    ),
    Entry(
        "fit",
        "fit",
        "fit",
        "Fit a classifier on document features: by default a ridge regression in closed form, no gradient descent.",
    ),
    Entry(
        "evaluate",
        "evaluate",
        "evaluate",
        "Measure a classifier; of files with a `split` column, DATA's test rows and --fit-data's train rows are used.",
    ),
    Entry(
        "explain",
        "explain",
        "explain",
        "Explain each classifier's verdict: the features that speak for it and against it, the most telling first.",
    ),
    Entry(
        "transfer",
        "transfer",
        "transfer",
        "Add a language to a classifier from a few labelled examples, or from texts without labels.",
    ),
    Entry(
        "recut",
        "recut",
        "recut",
        "Move the cuts of a classifier, so that a flag means the same in every language; rules and scores stay.",
    ),
    Entry(
        "card",
        "card",
        "card",
        "Print a classifier's model card: training data, labels, method, measured quality, limits and use.",
    ),
    Entry(
        "overlap",
        "overlap",
        "overlap",
        "Compare data sets by the features they use: Jaccard, containment both ways, and what makes the difference.",
    ),
    Entry(
        "reproduce",
        "reproduce",
        "reproduce",
        "Repeat a published study: the Qwen-Scope report's toxicity classifier, with its own protocol and with ours.",
    ),
    Entry(
        "filter",
        "filter",
        "filter_rows",
        "Keep the rows that meet a condition; a stopped run can be resumed.",
    ),
    Entry(
        "export-onnx",
        "export_onnx",
        "export_onnx",
        "Export a classifier as an ONNX graph for runtimes without Python, and measure how many verdicts differ.",
    ),
    Entry(
        "serve",
        "serve",
        "serve",
        "Serve OpenAI's and Perspective's moderation APIs, and a playground at /, until Ctrl-C.",
        takes_text=False,
    ),
    Entry(
        "trace",
        "generating.trace",
        "trace",
        "Trace a prompt and what the model writes: the strongest features of each token, and what each makes likelier.",
    ),
    Entry(
        "scopes",
        "scopes",
        "app",
        "List, show, pull and check scopes, and estimate their requirements and costs.",
    ),
    Entry(
        "steer",
        "generating.steer",
        "app",
        "Continue prompts with features boosted, clamped or suppressed, and measure what that does.",
    ),
)


class Unloaded(PlainCommand):
    """A command that is imported when it is run."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, help=entry.summary, rich_markup_mode=MARKUP)
        self._entry = entry

    @cached_property
    def loaded(self) -> Any:
        """The command itself."""
        return self._entry.load()

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """The context of the command itself, with which it is run."""
        return self.loaded.make_context(info_name, args, parent, **extra)


class CommandTable(PlainGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        settings["commands"] = {entry.name: Unloaded(entry) for entry in ENTRIES}
        super().__init__(**settings)
