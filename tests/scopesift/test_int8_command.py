"""`scopesift fit --int8` makes a classifier that commands read in int8."""

import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.errors import UsageError

from scopesift.face import Classifier as Face


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, insults):
    folder = tmp_path_factory.mktemp("int8")
    rows = folder / "rows.jsonl"
    with rows.open("w") as stream:
        made = insults(120)
        for number, (text, label) in enumerate(zip(made.texts, made.labels, strict=True)):
            split = ("train", "train", "dev", "dev", "test", "test")[number % 6]
            stream.write(json.dumps({"text": text, "label": label, "split": split}) + "\n")
    return rows, folder / "fitted.json"


def test_fit_and_use_in_int8(fitted, invoke):
    rows, path = fitted
    options = ("--train", rows, "--out", path, "--max-features", 16, "--no-cache")
    made = invoke("fit", "insult", *options, "--int8")
    assert made.exit_code == 0, made.stderr
    assert Classifier.load(path).settings.dtype == "int8"
    record = json.loads(invoke("classify", "you idiot number 7", "--json", "--classifier", path).stdout)
    assert record["insult"]["flagged"]
    assert not Face.load(path).predict(["a fine cat number 8"])[0].flagged
    measured = invoke("evaluate", path, rows, "--json")
    assert json.loads(measured.stdout)["macro_f1"] > 0.9
    mixed = invoke("classify", "some text", "--classifier", path, "--classifier", "sentiment")
    assert isinstance(mixed.exception, UsageError)
    assert "insult in int8 and sentiment in float32" in str(mixed.exception)
    torch = invoke("classify", "some text", "--classifier", path, "--backend", "torch")
    assert "torch does not read e5 in int8" in str(torch.exception)


def test_other_scopes_are_refused_before_anything_is_read(fitted, invoke, tmp_path):
    rows, _ = fitted
    made = invoke("fit", "insult", "--train", rows, "--scope", "nano", "--int8", "--out", tmp_path / "x.json")
    assert isinstance(made.exception, UsageError)
    assert "nano has no scales for int8, only e5 has" in str(made.exception)
