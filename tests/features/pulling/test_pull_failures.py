import json
import os
import signal
import types

import pytest
import torch
from scopesift_features.pulling.pull import pull
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

NAME = "tiny-w0k-l0_8"
GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"


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


def test_kill_minus_nine_in_the_middle_then_pull_again_gives_identical_files(at_hub, hub, tmp_path, contents):
    home = tmp_path / "killed"
    folder = home / "scopesift" / NAME
    for stop_at in (hub.first_shard(), "layer2.sae.pt"):
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


def test_an_unreachable_hub_is_one_clear_error_and_the_scope_stays_good(
    at_hub, monkeypatch, contents, caplog
):
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
    assert caplog.records == []  # the error says it; the client's retries say nothing besides
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
            lambda h: (h.root / BACKBONE / h.first_shard()).unlink(),
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

    monkeypatch.setattr("scopesift_features.tensor_file.save_file", full)
    with pytest.raises(ScopeError, match="No space left on device"):
        pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (0,)


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


def test_a_connection_that_breaks_once_goes_on_where_it_was(at_hub, hub, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)  # what a break may lose
    hub.cut_once = {"layer1.sae.pt", hub.first_shard()}
    pull(NAME, layers=[1])
    for path in (hub.root / GROUP / "layer1.sae.pt", hub.root / BACKBONE / hub.first_shard()):
        assert hub.sent[path.name] <= path.stat().st_size + 1000
    assert hub.cut_once == set()


def test_a_disk_that_is_full_in_the_middle_leaves_what_was_there(at_hub, hub, contents):
    """A limit on the size of files is how a test gets the operating system itself to refuse."""
    import resource

    pull(NAME, layers=[0])
    before = contents(at_hub / "sae")
    for limit in (25_000, 34_000):  # the download is refused; the download fits, but not the conversion
        child = os.fork()
        if child == 0:
            message = ""
            try:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                pull(NAME, layers=[1])
            except ScopeError as error:
                message = str(error)
            finally:
                told = "File too large" in message and "free space" in message and "\n" not in message
                os._exit(0 if told else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert contents(at_hub / "sae") == before
    pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (0, 1)


def test_what_cannot_fit_is_refused_before_anything_is_fetched(at_hub, hub, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: types.SimpleNamespace(free=50_000))
    with pytest.raises(ScopeError, match=r"ask for fewer --layers"):
        pull(NAME)
    assert hub.sent == {}


def test_leftovers_of_a_killed_write_are_swept(at_hub):
    pull(NAME, layers=[0])
    leftover = at_hub / "sae" / ".layer1.sae.safetensors.abc.part"
    leftover.write_bytes(b"half")
    pull(NAME, layers=[1])
    assert not leftover.exists()


def test_two_pulls_at_once_wait_for_each_other(at_hub, hub, tmp_path, contents):
    home = tmp_path / "shared"
    hub.stall = {"layer2.sae.pt"}
    children = [pull_in_a_child(home), pull_in_a_child(home)]
    assert hub.stalled.wait(60)
    hub.stall = set()
    hub.release.set()
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert hub.sent["layer0.sae.pt"] == (hub.root / GROUP / "layer0.sae.pt").stat().st_size
    assert contents(home / "scopesift" / NAME) == contents(pull(NAME, layers=[0, 2]))


def test_a_cleaned_cache_is_named_and_pulled_again(at_hub, hub):
    pull(NAME, layers=[1])
    shard = at_hub / "backbone" / hub.first_shard()
    shard.resolve().unlink()
    with pytest.raises(ScopeError, match=r"is gone .*pull the scope again"):
        Scope.load(NAME, device="cpu").backbone(1)
    pull(NAME, layers=[1])
    assert Scope.load(NAME, device="cpu").backbone(1).deepest == 1


def test_a_shard_cut_short_on_the_mirror_is_not_kept(at_hub, hub):
    path = hub.root / BACKBONE / hub.first_shard()
    good = path.read_bytes()
    path.write_bytes(good[:-100])
    with pytest.raises(ScopeError, match=r"damaged or was cut short .* pull again"):
        pull(NAME, layers=[0])
    path.write_bytes(good)
    pull(NAME, layers=[0])
    assert Scope.load(NAME, device="cpu").backbone(0).deepest == 0


def test_code_in_a_pulled_pickle_is_never_run(at_hub, hub, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    torch.save({"W_enc": Trap()}, hub.root / GROUP / "layer1.sae.pt")
    with pytest.raises(ScopeError, match="not a plain dictionary of tensors"):
        pull(NAME, layers=[1])
    assert not (tmp_path / "trapped").exists()
    assert not list(at_hub.rglob("layer1*"))
