import hashlib
import json

import pytest
import torch
from scopesift_features.pulling.pull import pull
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError


@pytest.fixture
def downloaded(copy_of_tiny_scope, random_saes):
    """What somebody has who downloaded a backbone and a group by hand: no scope.json, SAEs as .sae.pt."""
    (copy_of_tiny_scope / "scope.json").unlink()
    for sae in random_saes(layers=[0, 2]):
        tensors = {"W_enc": sae.W_enc_FD, "b_enc": sae.b_enc_F, "W_dec": sae.W_dec_DF, "b_dec": sae.b_dec_D}
        torch.save(tensors, copy_of_tiny_scope / "sae" / f"layer{sae.layer}.sae.pt")
    for path in (copy_of_tiny_scope / "sae").glob("*.safetensors"):
        path.unlink()
    return copy_of_tiny_scope


def respell(folder, **changes):
    path = folder / "sae" / "config.json"
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def test_a_local_folder_becomes_a_scope(downloaded, random_saes):
    told = []
    assert pull(str(downloaded), tell=told.append) == downloaded
    scope = Scope.load(downloaded, device="cpu")
    assert (scope.id, scope.layers) == ("tiny", (0, 2))
    assert (scope.settings.prefix, scope.settings.skip) == ((), "first-token")
    (sae,) = random_saes(layers=[0])
    assert torch.equal(scope.sae(0).W_enc_FD, sae.W_enc_FD)
    assert document_features(scope, ["The cat sat"], [2]).acts[2].nnz > 0
    assert (downloaded / "sae" / "layer2.sae.pt").is_file()
    assert [line.split(": ")[1].split(",")[0] for line in told[:2]] == [
        "layer 0 converted",
        "layer 2 converted",
    ]


def test_converting_again_changes_nothing(downloaded, contents):
    pull(str(downloaded))
    before = contents(downloaded)
    pull(str(downloaded))
    assert contents(downloaded) == before


def test_a_layer_is_added_to_a_scope_that_is_there(copy_of_tiny_scope, random_saes):
    sae_folder = copy_of_tiny_scope / "sae"
    (sae,) = random_saes(layers=[2])
    (sae_folder / "layer2.sae.safetensors").unlink()
    tensors = {"W_enc": sae.W_enc_FD, "b_enc": sae.b_enc_F, "W_dec": sae.W_dec_DF, "b_dec": sae.b_dec_D}
    torch.save(tensors, sae_folder / "layer2.sae.pt")
    record = json.loads((copy_of_tiny_scope / "scope.json").read_text()) | {"note": "ours"}
    (copy_of_tiny_scope / "scope.json").write_text(json.dumps(record))
    assert Scope.load(copy_of_tiny_scope, device="cpu").layers == (0, 1, 3)
    pull(str(copy_of_tiny_scope), layers=[2])
    assert torch.equal(Scope.load(copy_of_tiny_scope, device="cpu").sae(2).W_enc_FD, sae.W_enc_FD)
    sha256 = hashlib.sha256((sae_folder / "layer2.sae.pt").read_bytes()).hexdigest()
    after = json.loads((copy_of_tiny_scope / "scope.json").read_text())
    assert after == record | {"files": {"layer2.sae.pt": sha256}}


def test_a_publishers_spelling_of_the_sizes_is_read(downloaded):
    respell(downloaded, d_model=None, d_in=32, k=None, top_k=8, num_layers=None, num_hidden_layers=4)
    pull(str(downloaded))
    scope = Scope.load(downloaded, device="cpu")
    assert (scope.d_model, scope.k, scope.n_layers) == (32, 8, 4)


def test_a_folder_named_like_a_known_scope_is_another_scope(downloaded):
    folder = downloaded.rename(downloaded.parent / "nano")
    pull(str(folder))
    assert Scope.load(folder, device="cpu").id == "local-nano"


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (
            lambda f: (f / "backbone" / "config.json").unlink(),
            UsageError,
            r"backbone/config.json is missing; a",
        ),
        (
            lambda f: (f / "sae" / "config.json").unlink(),
            UsageError,
            r"sae/config.json is missing, .* do not tell k .*; a scope folder",
        ),
        (lambda f: [p.unlink() for p in (f / "sae").glob("*.pt")], UsageError, "holds no layer<n>.sae.pt"),
        (lambda f: respell(f, k=10, top_k=8), ScopeError, "k is 10 but top_k is 8"),
        (lambda f: respell(f, d_sae=64), ScopeError, r"W_enc has shape \(128, 32\), expected \(64, 32\)"),
        (lambda f: respell(f, num_layers=9), ScopeError, "want width 32 and 9 layers"),
    ],
)
def test_a_folder_that_is_no_scope_says_why_in_one_line(downloaded, damage, error, message):
    damage(downloaded)
    with pytest.raises(error, match=message) as raised:
        pull(str(downloaded))
    assert "\n" not in str(raised.value)
    assert not (downloaded / "scope.json").exists()


def test_wrong_requests_for_a_local_folder_are_usage_errors(downloaded):
    with pytest.raises(UsageError, match="no file for layer 3, only for 0, 2"):
        pull(str(downloaded), layers=[3])
    with pytest.raises(UsageError, match="has no revisions"):
        pull(str(downloaded), revision="main")
    with pytest.raises(UsageError, match=r"config.json is a file; give"):
        pull(str(downloaded / "sae" / "config.json"))


def test_a_folder_without_scope_json_says_how_to_get_one(downloaded):
    with pytest.raises(ScopeError, match=r"scope\.json is missing; .*scopesift scopes pull"):
        Scope.load(downloaded)
