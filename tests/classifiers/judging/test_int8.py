"""Classifiers of e5 in int8 and in float32 are never mixed, and each is read in its own precision."""

from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.backend import choose_backend
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.loading import in_precision_of
from scopesift_classifiers.onnx.encoders import choose_encoder
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError


@pytest.fixture(scope="module")
def scope():
    return Scope.load("e5", device="cpu")


@pytest.fixture(scope="module")
def int8(scope):
    return scope.in_int8()


@pytest.fixture(scope="module")
def sentiment():
    return Classifier.load("sentiment")


@pytest.fixture(scope="module")
def whole(sentiment, int8):
    """A classifier in int8."""
    return replace(sentiment, name="whole", scope=int8.fingerprint, settings=int8.settings)


def test_the_scope_is_read_as_its_classifiers_read(scope, sentiment, whole):
    assert in_precision_of([sentiment], scope) is scope
    found = in_precision_of([whole], scope)
    assert found.settings.dtype == "int8"
    assert Engine(found, [whole]).backend.name == "onnx"


def test_a_mixture_is_refused(scope, sentiment, whole):
    told = "whole in int8 and sentiment in float32 can't share a reading; take sentiment-int8, fit"
    with pytest.raises(UsageError, match=told):
        in_precision_of([sentiment, whole], scope)


def test_a_classifier_is_refused_on_the_other_precision(scope, int8, sentiment, whole):
    told = "'whole' is in int8, but e5 is read in float32 here; take one in float32"
    with pytest.raises(ScopeError, match=told):
        Engine(scope, [whole])
    told = r"'sentiment' is in float32, but e5 is .* take one in int8 \(of the bundled ones sentiment-int8\)"
    with pytest.raises(ScopeError, match=told):
        Engine(int8, [sentiment])


def test_other_scales_are_another_scope(int8, whole):
    other = replace(whole, scope={**whole.scope, "sha256": "0" * 64})
    with pytest.raises(ScopeError, match="load its own scope or fit it again"):
        Engine(int8, [other])


@pytest.mark.parametrize(("asked", "head"), [("torch", None), (None, "torch")])
def test_torch_is_refused(int8, asked, head):
    with pytest.raises(
        UsageError, match=r"torch does not read e5 in int8.* use the backend onnx without a head"
    ):
        choose_backend(int8, [4], asked, choose_encoder(head, "cpu"))


def test_without_onnx_runtime_it_is_not_read_at_all(int8, monkeypatch):
    monkeypatch.setattr("scopesift_features.reading.onnx.reader.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"cannot read e5 here.* otherwise use classifiers in float32"):
        choose_backend(int8, [4])


def test_it_is_not_exported(scope, int8, whole, tmp_path):
    for given in (scope, int8):
        with pytest.raises(UsageError, match="'whole' is in int8, which exports don't read"):
            export_classifier(whole, given, tmp_path / "whole.onnx", ExportSettings())
    assert list(tmp_path.iterdir()) == []


def test_precision_is_kept_in_the_artifact(whole, tmp_path):
    whole.save(tmp_path / "whole.json")
    assert Classifier.load(tmp_path / "whole.json").settings.dtype == "int8"


def test_int8_is_no_precision_of_an_sae():
    with pytest.raises(ScopeError, match="sae_dtype must be one of float32, bfloat16, float16"):
        ReadingSettings(sae_dtype="int8")
