import hashlib
import json
import os
import signal
import sys
import types

import pytest
import torch
from safetensors.torch import load_file
from scopesift_features.document_features import document_features
from scopesift_features.errors import ScopeError, UsageError
from scopesift_features.pull import pull
from scopesift_features.scope import Scope
from scopesift_features.scope_list import describe_scope, list_scopes

NAME = "tiny-w0k-l0_8"
GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"


def contents(folder):
    """Every file of a scope, by relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


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
    assert sum(hub.sent.values()) <= 1.1 * bytes_needed


def test_pulling_again_fetches_nothing_and_more_layers_only_the_rest(at_hub, hub):
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


def pull_in_a_child(home):
    """Pull layers 0 and 2 in a forked process with its own cache; gives the process id."""
    from huggingface_hub import constants

    child = os.fork()
    if child == 0:
        status = 1
        try:
            constants.HF_HOME, constants.HF_HUB_CACHE = str(home), str(home / "hub")
            pull(NAME, layers=[0, 2])
            status = 0
        finally:
            os._exit(status)
    return child


def test_kill_minus_nine_in_the_middle_then_pull_again_gives_identical_files(at_hub, hub, tmp_path):
    home = tmp_path / "killed"
    folder = home / "scopesift" / NAME
    for stop_at in (first_shard(hub), "layer2.sae.pt"):
        hub.stall = {stop_at}
        hub.stalled.clear()
        hub.release.clear()
        child = pull_in_a_child(home)
        reached = hub.stalled.wait(60)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        hub.release.set()
        assert reached
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert not (folder / "sae" / "layer2.sae.safetensors").exists()
    hub.stall = set()
    _, status = os.waitpid(pull_in_a_child(home), 0)
    assert status == 0
    assert contents(folder) == contents(pull(NAME, layers=[0, 2]))


def test_an_unreachable_hub_is_one_clear_error_and_the_scope_stays_good(at_hub, monkeypatch):
    from huggingface_hub import constants

    pull(NAME, layers=[0])
    before = contents(at_hub / "sae")
    gone = "http://127.0.0.1:9"
    monkeypatch.setattr(constants, "ENDPOINT", gone)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", gone + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(ScopeError, match="pull again") as error:
        pull(NAME, layers=[1])
    assert "\n" not in str(error.value)
    after = contents(at_hub / "sae")
    assert {name: after[name] for name in before} == before
    assert Scope.load(NAME, device="cpu").layers == (0,)
    assert document_features(Scope.load(NAME, device="cpu"), ["x y"], [0]).acts[0].nnz > 0


def test_a_connection_that_keeps_breaking_leaves_nothing_half_written(at_hub, hub, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    pull(NAME, layers=[0])
    hub.cut = {"layer1.sae.pt"}
    real = hub.send
    monkeypatch.setattr(hub, "send", lambda request, name, content: real(request, name, content[:1000]))
    with pytest.raises(ScopeError, match=r"layer1\.sae\.pt could not be fetched"):
        pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (0,)
    hub.cut = set()
    monkeypatch.setattr(hub, "send", real)
    pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (0, 1)


def first_shard(hub):
    """The shard of block 0."""
    index = json.loads((hub.root / BACKBONE / "model.safetensors.index.json").read_text())
    return index["weight_map"]["model.layers.0.mlp.up_proj.weight"]


def rewrite_layer(hub, change):
    path = hub.root / GROUP / "layer1.sae.pt"
    tensors = torch.load(path, weights_only=True)
    change(tensors)
    torch.save(tensors, path)


def rewrite_config(hub, repo, **values):
    path = hub.root / repo / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda h: rewrite_layer(h, lambda t: t.update(W_enc=t["W_enc"].T.contiguous())), "W_enc has shape"),
        (lambda h: rewrite_layer(h, lambda t: t["b_dec"].fill_(float("nan"))), "b_dec holds NaN"),
        (lambda h: rewrite_layer(h, lambda t: t.pop("W_dec")), "expected exactly"),
        (
            lambda h: (h.root / GROUP / "layer1.sae.pt").write_bytes(b"<html>sorry</html>"),
            "not a plain dictionary",
        ),
        (lambda h: (h.root / GROUP / "layer1.sae.pt").unlink(), "has no file layer1.sae.pt"),
        (lambda h: rewrite_config(h, GROUP, k=100), "config.json says k 100, but tiny-w0k-l0_8 has 8"),
        (lambda h: rewrite_config(h, GROUP, top_k=64), "config.json says top_k 64"),
        (lambda h: rewrite_config(h, GROUP, hook_point="resid_pre"), "hook_point 'resid_pre'"),
        (
            lambda h: rewrite_config(h, BACKBONE, num_hidden_layers=9),
            "width 32 and 9 layers, expected 32 and 4",
        ),
        (lambda h: (h.root / BACKBONE / "tokenizer.json").unlink(), "has no file tokenizer.json"),
        (
            lambda h: (h.root / BACKBONE / first_shard(h)).unlink(),
            r"has no file model-.*\.safetensors",
        ),
    ],
)
def test_a_wrong_file_on_the_hub_is_one_clear_error_and_other_layers_stay(at_hub, hub, damage, message):
    damage(hub)
    with pytest.raises(ScopeError, match=message) as error:
        pull(NAME, layers=[1])
    assert "\n" not in str(error.value)
    assert not list(at_hub.rglob("layer1.sae.pt")) + list(at_hub.rglob("layer1.sae.safetensors"))


def test_a_repaired_file_is_pulled_after_a_wrong_one(at_hub, hub):
    good = (hub.root / GROUP / "layer1.sae.pt").read_bytes()
    (hub.root / GROUP / "layer1.sae.pt").write_bytes(b"wrong")
    with pytest.raises(ScopeError):
        pull(NAME, layers=[1])
    (hub.root / GROUP / "layer1.sae.pt").write_bytes(good)
    pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").sae(1, decoder=True).W_dec_DF is not None


def test_a_full_disk_is_one_clear_error(at_hub, monkeypatch):
    pull(NAME, layers=[0])

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(ScopeError, match="No space left on device"):
        pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (0,)


def test_offline_mode_is_said(at_hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ScopeError, match="HF_HUB_OFFLINE"):
        pull(NAME, layers=[0])


def test_a_missing_repository_and_a_wrong_revision_are_named(at_hub, hub):
    with pytest.raises(ScopeError, match="has no revision 'v9'"):
        pull(NAME, layers=[0], revision="v9")
    (hub.root / GROUP).rename(hub.root / "Tiny" / "elsewhere")
    with pytest.raises(ScopeError, match=f"no repository {GROUP}"):
        pull(NAME, layers=[0])


def test_a_layer_the_group_does_not_have_is_a_usage_error(at_hub):
    for layers in ([4], [-1], []):
        with pytest.raises(UsageError, match="its layers are 0 to 3"):
            pull(NAME, layers=layers)


def test_a_shard_outside_the_repository_is_refused(at_hub, hub):
    path = hub.root / BACKBONE / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    index["weight_map"] = dict.fromkeys(index["weight_map"], "../../evil.safetensors")
    path.write_text(json.dumps(index))
    with pytest.raises(ScopeError, match="shard outside its folder"):
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


def test_a_local_folder_is_converted_in_place(copy_of_tiny_scope, random_saes):
    sae_folder = copy_of_tiny_scope / "sae"
    (sae,) = random_saes(layers=[2])
    (sae_folder / "layer2.sae.safetensors").unlink()
    tensors = {"W_enc": sae.W_enc_FD, "b_enc": sae.b_enc_F, "W_dec": sae.W_dec_DF, "b_dec": sae.b_dec_D}
    torch.save(tensors, sae_folder / "layer2.sae.pt")
    assert Scope.load(copy_of_tiny_scope, device="cpu").layers == (0, 1, 3)
    pull(str(copy_of_tiny_scope))
    assert torch.equal(Scope.load(copy_of_tiny_scope, device="cpu").sae(2).W_enc_FD, sae.W_enc_FD)


def test_modelscope_works_through_the_same_command(at_hub, hub, monkeypatch):
    asked = []

    def model_file_download(*, model_id, file_path, revision, local_dir=None):
        asked.append((model_id, file_path, revision, local_dir))
        path = hub.root / model_id / file_path
        if not path.is_file():
            raise type("NotExistError", (Exception,), {})(f"{file_path} does not exist")
        return str(path)

    client = types.ModuleType("modelscope.hub.file_download")
    client.model_file_download = model_file_download
    monkeypatch.setitem(sys.modules, "modelscope.hub.file_download", client)
    monkeypatch.setitem(sys.modules, "modelscope.hub", types.ModuleType("modelscope.hub"))
    monkeypatch.setitem(sys.modules, "modelscope", types.ModuleType("modelscope"))
    pull(f"modelscope:{NAME}", layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (1,)
    assert Scope.load(NAME, device="cpu").fingerprint["sae_revision"] == "master"
    assert (hub.root / GROUP / "layer1.sae.pt").is_file()
    assert hub.sent == {}


def test_modelscope_without_its_client_says_how_to_get_it(at_hub, monkeypatch):
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(UsageError, match="pip install modelscope"):
        pull(f"modelscope:{NAME}")
