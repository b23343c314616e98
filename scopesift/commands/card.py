"""`scopesift card`: a classifier's model card, from its artifact alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.model_cards.forms import FORMS
from scopesift_classifiers.model_cards.sections import model_card
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import UsageError

from scopesift.commands.choices import OwnScopeOption, check_output
from scopesift.terminal.streams import say


def card(
    classifier: Annotated[str, typer.Argument(help="Bundled name or artifact file.")],
    format: Annotated[str, typer.Option(help="markdown, or coop: the JSON of ROOST Coop.")] = "markdown",
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    scope: OwnScopeOption = None,
) -> None:
    """Print a classifier's model card: training data, labels, method, measured quality, limits and use.

    All of it is read from the artifact. What the artifact does not record is called unknown.

    Example: `scopesift card toxicity --out toxicity.md`

    Example: `scopesift card toxicity.json --format coop --out toxicity.coop.json`
    """
    if format not in FORMS:
        raise UsageError(f"--format is one of {', '.join(FORMS)}, got {format!r}")
    check_output(out)
    artifact = Classifier.load(classifier, scope or DEFAULT_SCOPE)
    if scope is not None and scope != artifact.scope.get("id"):
        raise UsageError(
            f"{classifier} was fitted on scope {artifact.scope.get('id')!r}, not {scope!r}; leave out --scope"
        )
    text = FORMS[format](model_card(artifact))
    if out is None:
        typer.echo(text.encode(), nl=False)  # as UTF-8, whatever the terminal's encoding
        return
    write_atomically(out, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    say(f"wrote {out}")
