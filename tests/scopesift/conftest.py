"""What the tests of the commands share: rows with and without insults, a classifier fitted on them, and a runner."""

import json

import pytest
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from typer.testing import CliRunner

from scopesift.cli import app


def make_insults(n):
    texts = [("you idiot number " if row % 2 else "a fine cat number ") + str(row) for row in range(n)]
    return LabelledText(texts, ["toxic" if row % 2 else "clean" for row in range(n)], [None] * n, [None] * n)


@pytest.fixture(scope="session")
def insults():
    return make_insults


@pytest.fixture(scope="session")
def artifact(tiny_scope, tmp_path_factory):
    """A fitted classifier's file; not to be changed."""
    path = tmp_path_factory.mktemp("artifact") / "toxicity.json"
    settings = FitSettings(preset="greedy")
    fit_classifier("toxicity", tiny_scope, make_insults(80), make_insults(60), settings).save(path)
    return path


@pytest.fixture(scope="session")
def e5_engine():
    """The default scope with all its bundled classifiers."""
    from scopesift_classifiers.artifact.bundled import bundled_classifiers
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_features.scope import Scope

    bundled = [Classifier.load(path) for path in bundled_classifiers("e5").values()]
    return Engine(Scope.load("e5", device="cpu"), bundled)


@pytest.fixture(scope="session")
def invoke():
    """Runs a command in this process; what `main` would turn into an exit code comes back as the exception."""

    def run(*arguments, stdin=None):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)

    return run


@pytest.fixture(scope="session")
def write_rows():
    """`write_rows(path, rows)` writes labelled rows as JSONL, or those given as dictionaries as they are."""

    def write(path, rows):
        if isinstance(rows, LabelledText):
            pairs = zip(rows.texts, rows.labels, strict=True)
            rows = [{"text": text, "label": label} for text, label in pairs]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write
