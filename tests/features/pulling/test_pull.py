import json
import sys

import pytest
import torch
from safetensors.torch import load_file
from scopesift_features.catalogue.listing import describe_scope, list_scopes
from scopesift_features.pulling.pull import pull
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

NAME = "tiny-w0k-l0_8"
GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"


def test_a_pulled_scope_reads_texts_and_equals_its_sources(at_hub, hub, checkpoints):
    folder = pull(NAME, layers=[1, 2])
    assert folder == at_hub
    scope = Scope.load(NAME, device="cpu", dtype="float32")
    assert scope.layers == (1, 2)
    assert document_features(scope, ["The cat sat on the mat"], [1, 2]).acts[2].nnz > 0
    original = torch.load(hub.root / GROUP / "layer2.sae.pt", weights_only=True)
    converted = load_file(folder / "sae" / "layer2.sae.safetensors")
    assert all(torch.equal(original[key], converted[key]) for key in original)
    ids = torch.arange(1, 9)[None]
    _, model = checkpoints("qwen3")
    seen = {}
    handle = model.model.layers[2].register_forward_hook(lambda _m, _i, out: seen.update(x=out))
    with torch.inference_mode():
        model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    handle.remove()
    assert torch.equal(scope.backbone(2).residuals(ids, torch.ones_like(ids), [2])[2], seen["x"])


def test_only_what_is_needed_is_fetched_and_once(at_hub, hub):
    pull(NAME, layers=[1])
    weight_map = json.loads((hub.root / BACKBONE / "model.safetensors.index.json").read_text())["weight_map"]
    needed = {
        shard
        for key, shard in weight_map.items()
        if "embed" in key or ".layers.0." in key or ".layers.1." in key
    }
    assert {name for name in hub.sent if name.startswith("model-")} == needed
    assert {name for name in hub.sent if name.endswith(".pt")} == {"layer1.sae.pt"}
    small = ["tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json", "config.json"]
    bytes_needed = sum((hub.root / BACKBONE / name).stat().st_size for name in [*needed, *small])
    bytes_needed += sum((hub.root / GROUP / name).stat().st_size for name in ("layer1.sae.pt", "config.json"))
    ratio = sum(hub.sent.values()) / bytes_needed
    # `pytest -rP` shows it
    sys.stdout.write(f"fetched {sum(hub.sent.values())} bytes of {bytes_needed} needed: {ratio:.3f}\n")
    assert ratio <= 1.1


def test_pulling_again_fetches_nothing_and_more_layers_only_the_rest(at_hub, hub, contents):
    pull(NAME, layers=[1])
    before, first = dict(hub.sent), contents(at_hub)
    pull(NAME, layers=[1])
    assert hub.sent == before
    fingerprint = Scope.load(NAME, device="cpu").fingerprint
    pull(NAME, layers=[3])
    assert hub.sent["layer1.sae.pt"] == before["layer1.sae.pt"]
    assert all(hub.sent[name] == before[name] for name in before if name.startswith("model-"))
    assert Scope.load(NAME, device="cpu").layers == (1, 3)
    assert Scope.load(NAME, device="cpu").fingerprint == fingerprint
    after = contents(at_hub)
    assert after["sae/layer1.sae.safetensors"] == first["sae/layer1.sae.safetensors"]
    pull(NAME, layers=[0])  # a shallower layer must not take the deeper blocks away
    assert document_features(Scope.load(NAME, device="cpu"), ["x y"], [3]).acts[3].nnz > 0


def test_the_scope_records_the_revisions_it_was_pulled_at(at_hub, hub):
    pull(NAME, layers=[0])
    fingerprint = Scope.load(NAME, device="cpu").fingerprint
    assert fingerprint["sae_revision"] == hub.commit(GROUP)
    assert fingerprint["backbone_revision"] == hub.commit(BACKBONE)


def test_layers_of_two_revisions_are_never_mixed(at_hub):
    pull(NAME, layers=[0])
    with pytest.raises(ScopeError, match=r"is here at revision .*, not main; delete"):
        pull(NAME, layers=[1], revision="main")


def test_downloads_do_not_stay_beside_the_converted_weights(at_hub):
    pull(NAME)
    assert not list(at_hub.rglob("*.pt"))
    assert not list(at_hub.rglob("*.part"))
    assert not (at_hub / "sae" / ".downloads").exists()


def test_offline_mode_is_said(at_hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ScopeError, match="HF_HUB_OFFLINE"):
        pull(NAME, layers=[0])


def test_the_list_shows_what_is_on_disk(at_hub):
    (before,) = list_scopes()
    assert before.pulled_layers == []
    assert describe_scope(NAME)["pull"] == f"scopesift scopes pull {NAME}"
    pull(NAME, layers=[0, 2])
    (after,) = list_scopes()
    assert after.pulled_layers == [0, 2]
    assert after.disk_bytes > after.sae_bytes > 0
    assert describe_scope(NAME)["pulled_layers"] == [0, 2]
    assert json.loads(json.dumps(describe_scope(at_hub)))["k"] == 8


def test_modelscope_works_through_the_same_command(at_hub, hub, modelscope):
    pull(f"modelscope:{NAME}", layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (1,)
    assert Scope.load(NAME, device="cpu").fingerprint["sae_revision"] == "master"
    assert (hub.root / GROUP / "layer1.sae.pt").is_file()
    assert hub.sent == {}


def test_modelscope_without_its_client_says_how_to_get_it(at_hub, monkeypatch):
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(UsageError, match="pip install modelscope"):
        pull(f"modelscope:{NAME}")


def test_a_group_in_gemma_scopes_layout_is_pulled_and_read(at_hub, hub, tiny_entry, monkeypatch):
    from dataclasses import replace

    from safetensors.torch import save_file
    from scopesift_features.catalogue import table

    place = "resid_post_all/layer_{layer}_width_0k_l0_small/params.safetensors"
    entry = replace(tiny_entry, id="tiny-jump", k=None, model_type="jumprelu_sae", sae_file=place)
    monkeypatch.setattr(table, "catalogue", lambda: {entry.id: entry})
    g = torch.Generator().manual_seed(0)
    shapes = {"w_enc": (32, 128), "b_enc": (128,), "w_dec": (128, 32), "b_dec": (32,)}
    tensors = {name: torch.randn(shape, generator=g) for name, shape in shapes.items()}
    path = hub.root / GROUP / place.format(layer=2)
    path.parent.mkdir(parents=True)
    save_file(tensors | {"threshold": torch.full((128,), 0.5)}, path)
    (hub.root / GROUP / "config.json").unlink()
    told = []
    folder = pull(entry.id, layers=[2], tell=told.append)
    scope = Scope.load(folder, device="cpu", dtype="float32")
    assert (scope.layers, scope.k) == ((2,), None)
    assert torch.equal(scope.sae(2).W_enc_FD, tensors["w_enc"].T)
    assert document_features(scope, ["The cat sat on the mat"], [2]).acts[2].nnz > 0
    assert json.loads((folder / "scope.json").read_text())["files"].keys() == {place.format(layer=2)}
