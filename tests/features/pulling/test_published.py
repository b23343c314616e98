"""SAEs of other projects in a scope's folder."""

import json

import pytest
import torch
from safetensors.torch import save_file
from scopesift_features.pulling.pull import pull
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.torch_reader import read_selected
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

D_SAE = 96


@pytest.fixture
def folder(copy_of_tiny_scope):
    """A backbone without SAEs of ours."""
    (copy_of_tiny_scope / "scope.json").unlink()
    for path in (copy_of_tiny_scope / "sae").iterdir():
        path.unlink()
    return copy_of_tiny_scope


@pytest.fixture
def publish(folder):
    """`publish(name, layer, threshold)`: a folder of SAELens below sae/."""
    width = json.loads((folder / "backbone" / "config.json").read_text())["hidden_size"]

    def publish(name, layer, *, architecture="jumprelu", d_sae=D_SAE, **config):
        place = folder / "sae" / name
        place.mkdir()
        g = torch.Generator().manual_seed(layer)
        shapes = {"W_enc": (width, d_sae), "b_enc": (d_sae,), "W_dec": (d_sae, width), "b_dec": (width,)}
        tensors = {key: torch.randn(shape, generator=g) for key, shape in shapes.items()}
        if architecture == "jumprelu":
            tensors["threshold"] = torch.full((d_sae,), 0.5)
        about = {"architecture": architecture, "apply_b_dec_to_input": False, **config}
        about["metadata"] = {"hook_name": f"blocks.{layer}.hook_resid_post"}
        (place / "cfg.json").write_text(json.dumps(about))
        save_file(tensors, place / "sae_weights.safetensors")
        return place

    return publish


def test_published_saes_become_a_scope_that_is_read_like_any_other(folder, publish):
    publish("a", 2)
    publish("b", 0)
    told = []
    pull(str(folder), tell=told.append)
    scope = Scope.load(folder, device="cpu")
    assert (scope.layers, scope.k, scope.d_sae) == ((0, 2), None, D_SAE)
    assert sum("a jumprelu_sae of 96 features" in line for line in told) == 2
    texts = ["The cat sat on the mat", "Der Zug kommt"]
    full = document_features(scope, texts, [2]).acts[2].toarray()
    assert full.any()
    some = [(2, index) for index in range(0, D_SAE, 7)]
    torch.testing.assert_close(
        torch.from_numpy(read_selected(scope, texts, some).acts_NS), torch.from_numpy(full[:, ::7])
    )


def test_only_the_requested_layers_are_converted(folder, publish):
    publish("a", 2)
    publish("b", 0)
    pull(str(folder), layers=[2])
    assert Scope.load(folder, device="cpu").layers == (2,)


def test_more_layers_are_converted_later_and_those_that_are_there_stay(folder, publish, contents):
    publish("a", 2)
    publish("b", 0)
    pull(str(folder), layers=[2])
    pull(str(folder), layers=[0, 2])
    assert Scope.load(folder, device="cpu").layers == (0, 2)
    before = contents(folder)
    told = []
    pull(str(folder), tell=told.append)
    assert contents(folder) == before
    assert told == [f"{folder}: nothing to convert"]


@pytest.mark.parametrize(
    ("others", "layers", "error", "message"),
    [
        ([("b", 2, {})], None, ScopeError, "both for layer 2"),
        ([("b", 0, {"d_sae": 64})], None, ScopeError, "share their kind and sizes"),
        ([("b", 0, {"architecture": "standard"})], None, ScopeError, "share their kind and sizes"),
        ([("b", 40, {})], None, ScopeError, "it belongs to another model"),
        ([], [1], UsageError, "holds no SAE of the layers 1"),
        ([("b", 0, {})], [1, 2], UsageError, "no SAE for layer 1, only for 2"),
    ],
)
def test_what_does_not_fit_together_is_refused(folder, publish, others, layers, error, message):
    publish("a", 2)
    for name, layer, config in others:
        publish(name, layer, **config)
    with pytest.raises(error, match=message) as caught:
        pull(str(folder), layers=layers)
    assert "\n" not in str(caught.value)
