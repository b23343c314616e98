"""Options that several commands share, and how they are resolved."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.loading import in_precision_of, load_classifiers
from scopesift_classifiers.judging.routing import unrouted, with_language
from scopesift_classifiers.onnx.encoders import choose_encoder
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift.terminal.streams import say

STDIN = "-"
ScopeOption = Annotated[
    str, typer.Option(help="Scope: e5, nano, smollm2, a catalogue id, or a folder (`scopesift scopes list`).")
]
ClassifierOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Bundled name (e5's also with -int8: faster, see docs/performance.md) or artifact file; may be "
        "repeated. Default: all of the scope's."
    ),
]
OwnScopeOption = Annotated[
    str | None,
    typer.Option(help="Scope of the classifier; default: the artifact's, e5 for a bundled name."),
]
DeviceOption = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1, auto; a GPU is used if there is one.")
]
LayersOption = Annotated[str | None, typer.Option(help="Layers such as 6,14 or 0-5; default all.")]
BackendOption = Annotated[
    str | None,
    typer.Option(
        help="What reads texts: onnx (ONNX Runtime) or torch; default: onnx for e5 on the CPU, else torch."
    ),
]
HeadOption = Annotated[
    str | None,
    typer.Option(help="What encodes behind torch's backbone: torch, or onnx (ONNX Runtime; extra [onnx])."),
]
TextColumn = Annotated[str, typer.Option(help="Column that holds the text.")]
LabelColumn = Annotated[str, typer.Option(help="Column that holds the label.")]
PrecisionOption = Annotated[
    float | None, typer.Option(help="Minimum precision of the cut on the rows it is chosen on.")
]
RecallOption = Annotated[float | None, typer.Option(help="Minimum recall of the cut on these rows.")]
FalsePositiveRateOption = Annotated[
    float | None, typer.Option(help="Maximum share of the negative rows that the cut flags; two labels.")
]
BalanceOption = Annotated[
    int | None,
    typer.Option(min=1, help="Use at most this many rows per label, balanced inside each source."),
]


def load_engine(
    scope: str,
    classifiers: Sequence[str],
    device: str | None,
    backend: str | None = None,
    head: str | None = None,
) -> Engine:
    """The engine with the named classifiers, or with the scope's bundled ones.

    Raises:
        UsageError: No names given for a scope without bundled classifiers, or a back end that cannot be used here.
    """
    place = Scope.load(scope, device=device)
    chosen = load_classifiers(classifiers, place.id)
    place = in_precision_of(chosen, place)
    loaded = with_language(chosen)
    for one in unrouted(chosen):
        own = f"{one.name} has decisions for {', '.join(sorted(one.by_lang))}"
        if len(loaded) > len(chosen):
            say(f"{own}: the bundled language classifier is loaded to choose between them")
        else:
            say(
                f"warning: {own}, but no language classifier is loaded: the default decision is used for every text"
            )
    return Engine(place, loaded, backend=backend, encoder=choose_encoder(head, place.device))


def load_classifier(name: str, scope: str | None, device: str | None) -> tuple[Classifier, Scope]:
    """A classifier and its scope.

    Args:
        name: A bundled name, or an artifact file.
        scope: The scope, also of a bundled name; None: the default for a name, the artifact's for a file.
        device: Device of the scope.

    Raises:
        UsageError, InputError, ScopeError: No such classifier or scope, or not readable.
    """
    if scope is None:
        artifact = Classifier.load(name)
        return artifact, in_precision_of([artifact], Scope.load(artifact.scope["id"], device=device))
    place = Scope.load(scope, device=device)
    artifact = Classifier.load(name, place.id)
    return artifact, in_precision_of([artifact], place)


def warn_of_languages(classifier: Classifier, langs: Sequence[str]) -> None:
    """Warn of decisions of languages to which the bundled language classifier cannot route any text."""
    for one in with_language([classifier])[1:]:
        for lang in langs:
            if lang not in one.labels:
                say(
                    f"warning: the bundled language classifier has no label {lang!r} (it has "
                    f"{', '.join(one.labels)}): this decision is used only with a language classifier that has it"
                )


def parse_layers(text: str | None) -> list[int] | None:
    """Parse --layers; None if it was not given.

    Raises:
        UsageError: Not numbers or ranges.
    """
    if text is None:
        return None
    chosen: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,4})\s*(?:-\s*([0-9]{1,4})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise UsageError(f"--layers takes numbers such as 6,14 or ranges such as 0-5, not {text!r}")
        chosen.extend(range(first, last + 1))
    return chosen


def check_output(path: Path | None) -> None:
    """Check that a file can be written, before the work; missing parent folders are created later.

    Raises:
        UsageError: It is a folder, or can't be written.
    """
    if path is None:
        return
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(
            f"cannot write {path}: {folder} is not a folder that you may write to; choose another place"
        )
