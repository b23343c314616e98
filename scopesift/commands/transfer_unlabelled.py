"""`scopesift transfer --unlabelled`: moves a cut by texts without labels."""

from __future__ import annotations

from pathlib import Path

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.measuring.cuts import Requirement
from scopesift_classifiers.measuring.unlabelled import read_unlabelled
from scopesift_classifiers.transfer.unlabelled import move_cut
from scopesift_features.scope import Scope
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

from scopesift.terminal.streams import output, print_json, reading, say


def check_options(
    train: Path | None,
    unlabelled: Path | None,
    positive_share: float | None,
    learning_curve: bool,
    balance: int | None,
    max_layer: int | None,
    required: Requirement | None,
) -> Path:
    """The file of examples or texts, after a check that there is one and no option that it ignores.

    Raises:
        UsageError: There is none, or an option without effect.
    """
    if train is not None and unlabelled is None:
        if positive_share is not None:
            raise UsageError("--positive-share is for --unlabelled: examples have labels; leave it out")
        return train
    if train is not None or unlabelled is None:
        raise UsageError("expected examples (--train) or texts without labels (--unlabelled), one of them")
    idle = {
        "--learning-curve": learning_curve,
        "--balance": balance is not None,
        "--max-layer": max_layer is not None,
        "a required rate": required is not None,
    }
    for option, given in idle.items():
        if given:
            raise UsageError(f"{option} is for labelled examples (--train); leave it out")
    return unlabelled


def move(
    artifact: Classifier,
    place: Scope,
    lang: str,
    path: Path,
    share: float | None,
    columns: dict[str, str],
    target: Path,
    json: bool,
) -> Classifier:
    """Move the cut by texts without labels, write the artifact, and say what has changed."""
    texts = read_unlabelled(path, **columns)
    if texts is None:
        raise UsageError(f"{path.name} has the label column {columns['label']!r}; use it with --train")
    say(f"{counted(len(texts.texts), 'text')} of {lang}")
    with reading("reading") as progress:
        found = move_cut(
            artifact,
            place,
            texts,
            lang,
            positive_share=share,
            cache=FeatureCache.default(),
            on_progress=progress,
        )
    found.classifier.save(target)
    if json:
        print_json({"lang": lang, **found.to_dict(), "out": str(target), "version": found.classifier.version})
    else:
        output.print(
            f"{artifact.name} in {lang}: flags {found.flagged:.1%} of the texts, {found.flagged_before:.1%} before "
            f"(decision {found.rule}); the cut moved by {found.moved_by:+.3f} in units of the margin",
            highlight=False,
        )
    if share is None:
        say(
            f"warning: no --positive-share was given, so a share of {found.positive_share:g} of the texts was taken "
            "to be positive, as in the classifier's fit; state what is usual in your texts"
        )
    say("no labels were used: how often it is right is not known; measure it on labelled texts")
    return found.classifier
