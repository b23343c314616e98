"""SAELens reads the same Qwen-Scope weights and knows the same groups."""

import pytest
import sae_lens
import torch
from scopesift_features.catalogue.table import catalogue
from scopesift_features.sae.config import SAEConfig
from scopesift_features.sae.files import read_pickle, read_safetensors, write_safetensors

GROUP = "Qwen/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50"
GROUPS = [entry for entry in catalogue().values() if entry.sae.startswith("Qwen/")]
CONFIG = SAEConfig("tiny", d_model=32, d_sae=128, k=8, num_layers=4)


@pytest.fixture
def published(tmp_path):
    """A layer's file as the groups publish it."""
    g = torch.Generator().manual_seed(1)
    path = tmp_path / "layer1.sae.pt"
    torch.save({name: torch.randn(shape, generator=g) for name, shape in CONFIG.shapes().items()}, path)
    return path


@pytest.fixture
def theirs(published, monkeypatch):
    """SAELens' SAE, read from that file by its own loader for Qwen-Scope."""
    from sae_lens.loading import pretrained_sae_loaders

    monkeypatch.setattr(pretrained_sae_loaders, "hf_hub_download", lambda **_asked: str(published))
    overrides = {"d_in": 32, "d_sae": 128, "activation_fn_kwargs": {"k": 8}}
    config, state, _ = pretrained_sae_loaders.qwen_scope_sae_huggingface_loader(
        GROUP, published.name, cfg_overrides=overrides
    )
    sae = sae_lens.TopKSAE(
        sae_lens.TopKSAEConfig(
            d_in=config["d_in"],
            d_sae=config["d_sae"],
            k=config["activation_fn_kwargs"]["k"],
            apply_b_dec_to_input=config["apply_b_dec_to_input"],
            normalize_activations=config["normalize_activations"],
            dtype="float32",
            device="cpu",
        )
    )
    sae.load_state_dict(state)
    return sae


def test_saelens_gives_the_same_activations_and_reconstructions(published, theirs, tmp_path):
    path = write_safetensors(read_pickle(published, CONFIG), tmp_path)
    ours = read_safetensors(path, CONFIG, decoder=True, dtype=torch.float32)
    x_TD = torch.randn(64, 32, generator=torch.Generator().manual_seed(5))
    top = ours.encode(x_TD)
    acts_TF = torch.zeros(64, 128).scatter_(1, top.indices_TK, top.values_TK)
    assert ((acts_TF > 0).sum(dim=1) == 8).all()
    torch.testing.assert_close(acts_TF, theirs.encode(x_TD).detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.decode(top.active()), theirs(x_TD).detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("entry", GROUPS, ids=lambda entry: entry.id)
def test_saelens_knows_the_same_sizes_for_every_group(entry):
    from sae_lens.loading.pretrained_sae_loaders import get_qwen_scope_config_from_hf

    found = get_qwen_scope_config_from_hf(entry.sae, "layer3.sae.pt", "cpu")
    assert found["model_name"] == entry.backbone
    assert (found["d_in"], found["d_sae"]) == (entry.d_model, entry.d_sae)
    assert found["activation_fn_kwargs"] == {"k": entry.k}
    assert found["hf_hook_name"] == "model.layers.3"
    assert found["apply_b_dec_to_input"] is False
    assert found["normalize_activations"] == "none"


def test_saelens_lists_the_same_groups_and_layers():
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    theirs = {
        found.repo_id: sorted(found.saes_map.values())
        for found in get_pretrained_saes_directory().values()
        if found.conversion_func == "qwen_scope"
    }
    ours = {entry.sae: sorted(f"layer{layer}.sae.pt" for layer in range(entry.n_layers)) for entry in GROUPS}
    assert ours == theirs


def test_saelens_lists_the_same_groups_of_gemma_scope_2():
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    theirs = {
        (found.repo_id, path + "/params.safetensors"): found.model
        for name, found in get_pretrained_saes_directory().items()
        if found.conversion_func == "gemma_3" and name.endswith("-res-all")
        for path in found.saes_map.values()
    }
    ours = {
        (entry.sae, entry.file_of(layer)): entry.backbone
        for entry in catalogue().values()
        if entry.sae.startswith("google/")
        for layer in range(entry.n_layers)
    }
    assert ours == theirs
