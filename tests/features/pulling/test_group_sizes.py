"""What a group's own config.json may do to a pull: be absent, say nothing that is known, or contradict."""

import json

import pytest
from scopesift_features.pulling.pull import pull
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

NAME = "tiny-w0k-l0_8"
GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"
UNKNOWN_KEYS = {"architecture": "topk", "latents": 999, "layers": {"count": 77}, "top": None}


@pytest.fixture
def published(hub):
    """`published(content)`: put this config.json into the group; None: take it away."""

    def published(content):
        path = hub.root / GROUP / "config.json"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(json.dumps(content))

    return published


@pytest.mark.parametrize("content", [None, UNKNOWN_KEYS], ids=["no config.json", "unknown keys only"])
def test_a_group_that_does_not_say_its_sizes_is_pulled_as_the_same_scope(at_hub, hub, published, content):
    published(content)
    told = []
    pull(NAME, layers=[1, 3], tell=told.append)
    scope = Scope.load(NAME, device="cpu")
    assert (scope.layers, scope.d_sae, scope.k) == ((1, 3), 128, 8)
    assert scope.fingerprint["sae_revision"] == hub.commit(GROUP)
    assert any("no config.json" in line for line in told) == (content is None)
    said = json.loads((at_hub / "sae" / "config.json").read_text())
    assert said == {
        "base_model": BACKBONE, "d_model": 32, "d_sae": 128, "k": 8, "num_layers": 4,
        "model_type": "topk_sae", "hook_point": "resid_post",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "both"),
    [({"k": 100}, "k 100, but .* has 8"), ({"dict_size": 64}, "dict_size 64, but .* has 128")],
)
def test_a_config_that_contradicts_is_refused_with_both_numbers(at_hub, published, wrong, both):
    published({**UNKNOWN_KEYS, **wrong})
    with pytest.raises(ScopeError, match=both) as error:
        pull(NAME, layers=[1])
    assert "\n" not in str(error.value)
    assert not (at_hub / "scope.json").exists()


def test_without_config_json_the_tensors_are_still_checked(at_hub, published, random_saes, hub):
    import torch

    published(None)
    (sae,) = random_saes(layers=[1], d_sae=64)
    tensors = {"W_enc": sae.W_enc_FD, "b_enc": sae.b_enc_F, "W_dec": sae.W_dec_DF, "b_dec": sae.b_dec_D}
    torch.save(tensors, hub.root / GROUP / "layer1.sae.pt")
    with pytest.raises(ScopeError, match=r"W_enc has shape \(64, 32\), expected \(128, 32\)"):
        pull(NAME, layers=[1])


def test_modelscope_without_config_json_is_pulled(at_hub, published, modelscope):
    published(None)
    pull(f"modelscope:{NAME}", layers=[1])
    assert Scope.load(NAME, device="cpu").layers == (1,)


def test_what_another_program_has_cached_is_pulled_offline(at_hub, hub, published, monkeypatch):
    from huggingface_hub import constants, hf_hub_download

    published(None)
    for repo in (BACKBONE, GROUP):
        for path in (hub.root / repo).iterdir():
            hf_hub_download(repo, path.name)
    sent = dict(hub.sent)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert pull(NAME, layers=[2]) == at_hub
    assert Scope.load(NAME, device="cpu").fingerprint["sae_revision"] == hub.commit(GROUP)
    assert hub.sent == sent


def test_a_group_without_config_json_names_the_layer_that_it_lacks(at_hub, hub, published):
    published(None)
    (hub.root / GROUP / "layer2.sae.pt").unlink()
    with pytest.raises(ScopeError, match=f"{GROUP} has no file layer2.sae.pt"):
        pull(NAME, layers=[2])
