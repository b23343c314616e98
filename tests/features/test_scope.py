import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError


def use(folder):
    """Load and read one text through layer 3."""
    return document_features(Scope.load(folder, device="cpu"), ["The cat"], [3])


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def rewrite_tensors(path, change):
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_a_scope_says_what_it_is(tiny_scope):
    assert tiny_scope.id == "tiny"
    assert tiny_scope.layers == (0, 1, 2, 3)
    assert (tiny_scope.n_layers, tiny_scope.d_model, tiny_scope.d_sae, tiny_scope.k) == (4, 32, 128, 8)
    assert tiny_scope.dtype == torch.float32
    assert set(tiny_scope.fingerprint) == {
        "id",
        "backbone",
        "backbone_revision",
        "sae",
        "sae_revision",
        "sha256",
    }


def test_a_narrow_scope_reads_some_layers_and_is_the_same_scope(tiny_scope):
    narrow = tiny_scope.only([2, 1, 2])
    assert narrow.layers == (1, 2)
    assert narrow.fingerprint == tiny_scope.fingerprint
    with pytest.raises(ScopeError):
        document_features(narrow, ["The cat"], [3])
    with pytest.raises(ScopeError):
        tiny_scope.only([9])


def test_loading_reads_no_weights(tiny_scope_folder, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("weights were read")

    monkeypatch.setattr("safetensors.safe_open", refuse)
    monkeypatch.setattr("scopesift_features.backbone.cut.load_backbone", refuse)
    assert Scope.load(tiny_scope_folder, device="cpu").d_sae == 128


def test_the_backbone_is_read_no_deeper_than_asked_for(tiny_scope_folder):
    scope = Scope.load(tiny_scope_folder, device="cpu")
    assert scope.backbone(1).deepest == 1
    assert scope.backbone(0).deepest == 1
    assert scope.backbone(3).deepest == 3


def test_weights_stored_in_half_precision_are_computed_in_float32(tiny_scope_folder, write_scope, tmp_path):
    from scopesift_features.sae.config import read_config
    from scopesift_features.sae.files import read_safetensors, write_safetensors

    folder = write_scope(tmp_path / "s")
    sae_folder = folder / "sae"
    for layer in range(4):
        path = sae_folder / f"layer{layer}.sae.safetensors"
        sae = read_safetensors(path, read_config(sae_folder), decoder=True, dtype=torch.float32)
        write_safetensors(sae, sae_folder, dtype=torch.float16)
    sae = Scope.load(folder, device="cpu").sae(2)
    assert sae.W_enc_FD.dtype == torch.float32
    assert torch.equal(sae.W_enc_FD, sae.W_enc_FD.half().float())


def test_the_fingerprint_sees_every_weight(copy_of_tiny_scope):
    before = Scope.load(copy_of_tiny_scope, device="cpu").fingerprint["sha256"]
    path = copy_of_tiny_scope / "sae" / "layer3.sae.safetensors"
    rewrite_tensors(path, lambda tensors: tensors["b_enc"].__setitem__(0, 0.5))
    assert Scope.load(copy_of_tiny_scope, device="cpu").fingerprint["sha256"] != before


def test_the_fingerprint_is_the_same_for_the_same_files(copy_of_tiny_scope, tiny_scope):
    assert Scope.load(copy_of_tiny_scope, device="cpu").fingerprint == tiny_scope.fingerprint


def test_the_precision_in_use_is_the_one_in_the_settings(tiny_scope_folder):
    scope = Scope.load(tiny_scope_folder, device="cpu", dtype="bfloat16")
    assert scope.settings.dtype == "bfloat16"
    assert next(scope.backbone(0).model.parameters()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "scope.json").unlink(), r"scope\.json is missing"),
        (lambda f: (f / "scope.json").write_text("{"), r"scope\.json is not readable as JSON"),
        (lambda f: (f / "scope.json").write_text("[]"), "should hold a JSON object"),
        (
            lambda f: rewrite(f / "scope.json", lambda c: c.update(version=2)),
            "this scopesift reads version 1",
        ),
        (lambda f: rewrite(f / "scope.json", lambda c: c.update(id="")), "id should be a name"),
        (
            lambda f: rewrite(f / "scope.json", lambda c: c["settings"].update(skip="all")),
            "skip must be one of",
        ),
        (
            lambda f: rewrite(f / "scope.json", lambda c: c["settings"].update(colour=1)),
            "unknown name 'colour'",
        ),
        (lambda f: (f / "sae" / "config.json").unlink(), r"sae/config\.json is missing"),
        (
            lambda f: (f / "sae" / "layer3.sae.safetensors").unlink(),
            "no SAE for layer 3 on disk, only for 0, 1, 2",
        ),
        (lambda f: [p.unlink() for p in (f / "sae").glob("layer*")], "holds no layer<n>"),
        (
            lambda f: rewrite_tensors(
                f / "sae" / "layer3.sae.safetensors", lambda t: t.update(W_enc=t["W_enc"].T.contiguous())
            ),
            "W_enc has shape",
        ),
        (
            lambda f: rewrite_tensors(
                f / "sae" / "layer3.sae.safetensors", lambda t: t["W_enc"].fill_(float("nan"))
            ),
            "W_enc holds NaN",
        ),
        (lambda f: (f / "backbone" / "config.json").unlink(), r"backbone/config\.json is missing"),
        (lambda f: (f / "backbone" / "config.json").write_text("{"), "not a model configuration"),
        (
            lambda f: rewrite(
                f / "backbone" / "config.json", lambda c: c.update(model_type="perceptron9000")
            ),
            "not a model configuration",
        ),
        (
            lambda f: rewrite(f / "backbone" / "config.json", lambda c: c.update(hidden_size=64)),
            "has width 64 and 4 layers",
        ),
        (lambda f: (f / "backbone" / "model.safetensors").unlink(), "holds no .safetensors weights"),
        (
            lambda f: (f / "backbone" / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}"),
            "cannot be loaded",
        ),
        (
            lambda f: rewrite_tensors(
                f / "backbone" / "model.safetensors", lambda t: t.pop("layers.2.mlp.up_proj.weight")
            ),
            r"lacks 1 tensors, first layers\.2\.mlp\.up_proj",
        ),
        (
            lambda f: rewrite_tensors(
                f / "backbone" / "model.safetensors", lambda t: t["embed_tokens.weight"].fill_(float("nan"))
            ),
            "embed_tokens.weight holds NaN",
        ),
        (
            lambda f: rewrite_tensors(
                f / "backbone" / "model.safetensors",
                lambda t: t.update({"layers.0.mlp.up_proj.weight": torch.zeros(7, 32)}),
            ),
            "cannot be loaded|another shape",
        ),
        (lambda f: (f / "backbone" / "tokenizer.json").unlink(), r"tokenizer\.json is missing"),
        (lambda f: (f / "backbone" / "tokenizer.json").write_text("{}"), "not a readable tokenizer"),
    ],
)
def test_a_damaged_scope_is_refused_in_one_line_with_the_place(copy_of_tiny_scope, damage, message):
    damage(copy_of_tiny_scope)
    with pytest.raises(ScopeError, match=message) as error:
        use(copy_of_tiny_scope)
    assert "\n" not in str(error.value)
    assert str(copy_of_tiny_scope) in str(error.value) or "tiny" in str(error.value)


def test_an_impossible_device_is_a_usage_error(tiny_scope_folder):
    with pytest.raises(UsageError, match="cannot be used here"):
        Scope.load(tiny_scope_folder, device="warp-drive")


def test_an_impossible_precision_is_a_usage_error(tiny_scope_folder):
    with pytest.raises(UsageError, match="dtype must be one of"):
        Scope.load(tiny_scope_folder, device="cpu", dtype="float8")


@pytest.mark.parametrize(
    "values",
    [
        {"overlap_tokens": 0},
        {"overlap_tokens": 40, "window_tokens": 64},
        {"dtype": "int4"},
        {"window_tokens": "9"},
    ],
)
def test_impossible_settings_are_refused(values):
    with pytest.raises(ScopeError, match="settings: "):
        ReadingSettings.from_dict(values)


def test_settings_survive_json():
    settings = ReadingSettings(prefix=("<|endoftext|>",), skip="prefix", window_tokens=128)
    assert ReadingSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_writing_a_scope_again_leaves_no_old_layers(copy_of_tiny_scope, random_saes, write_scope):
    extra = copy_of_tiny_scope / "sae" / "layer9.sae.safetensors"
    extra.write_bytes(b"old")
    write_scope(copy_of_tiny_scope)
    assert not extra.exists()
    assert not list(copy_of_tiny_scope.rglob("*.part"))


def test_an_sae_that_is_first_read_in_inference_mode_is_an_ordinary_one(tiny_scope_folder):
    """Else the kernels would look through all its weights at every call."""
    scope = Scope.load(tiny_scope_folder, device="cpu")
    with torch.inference_mode():
        sae = scope.sae(1)
    assert not sae.W_enc_FD.is_inference()
