"""SAEs that SAELens itself saved, or reads from their publishers' files: the same activations and reconstructions."""

import json

import numpy as np
import pytest
import sae_lens
import torch
from safetensors.torch import save_file
from scopesift_features.publishers import dictionary_learning, gemma_scope, saelens

D_IN, D_SAE = 64, 512
PLACE = {"metadata": sae_lens.saes.sae.SAEMetadata(hook_name="blocks.3.hook_resid_post", model_name="tiny")}
SIZES = {"d_in": D_IN, "d_sae": D_SAE, "dtype": "float32", "device": "cpu"}
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture
def x_TD():
    return torch.randn(200, D_IN, generator=torch.Generator().manual_seed(5)) / D_IN**0.5


def filled(sae):
    """Random weights, as SAELens' own initial ones are symmetric."""
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in sae.named_parameters():
            value = torch.randn(weight.shape, generator=g) * (0.2 if name.startswith("b_") else 1.0)
            weight.copy_(value.abs() if name == "threshold" else value)
    return sae


def compare(ours, theirs, x_TD):
    active = ours.active(x_TD)
    acts_TF = torch.zeros(len(x_TD), D_SAE)
    acts_TF[active.tokens_E, active.indices_E] = active.values_E
    their_acts_TF = theirs.encode(x_TD).detach()
    assert 0 < int((their_acts_TF > 0).sum()) < their_acts_TF.numel()
    torch.testing.assert_close(acts_TF, their_acts_TF, **CLOSE)
    recon_TD = theirs(x_TD).detach()
    scale = recon_TD.abs().max()  # sums of hundreds of random directions
    torch.testing.assert_close(ours.decode(active) / scale, recon_TD / scale, **CLOSE)
    features_S = torch.arange(0, D_SAE, 9)
    each_T = torch.arange(len(x_TD))
    selected = ours.encode_selected(x_TD, features_S, torch.zeros(len(features_S)), each_T, len(x_TD))
    torch.testing.assert_close(selected.maxima_NS, their_acts_TF[:, features_S], **CLOSE)


@pytest.mark.parametrize("shifted", [False, True], ids=["as it is", "minus b_dec"])
@pytest.mark.parametrize(
    ("kind", "config", "more"),
    [
        (sae_lens.StandardSAE, sae_lens.StandardSAEConfig, {}),
        (sae_lens.JumpReLUSAE, sae_lens.JumpReLUSAEConfig, {}),
        (sae_lens.TopKSAE, sae_lens.TopKSAEConfig, {"k": 20}),
        (sae_lens.TopKSAE, sae_lens.TopKSAEConfig, {"k": 20, "rescale_acts_by_decoder_norm": True}),
    ],
    ids=["standard", "jumprelu", "topk", "topk, rescaled"],
)
def test_a_saved_sae_gives_the_same(tmp_path, x_TD, kind, config, more, shifted):
    theirs = filled(kind(config(**SIZES, **PLACE, apply_b_dec_to_input=shifted, **more)))
    theirs.save_model(tmp_path)
    found = saelens.read(tmp_path)
    assert (found.sae.layer, found.base_model) == (3, "tiny")
    compare(found.sae, theirs, x_TD)


@pytest.fixture
def gemma_tensors():
    g = torch.Generator().manual_seed(2)
    shapes = {
        "w_enc": (D_IN, D_SAE),
        "b_enc": (D_SAE,),
        "w_dec": (D_SAE, D_IN),
        "b_dec": (D_IN,),
        "threshold": (D_SAE,),
    }
    tensors = {name: torch.randn(shape, generator=g) for name, shape in shapes.items()}
    return tensors | {"threshold": tensors["threshold"].abs()}


def test_a_file_of_gemma_scope_is_read_as_saelens_reads_it(tmp_path, monkeypatch, gemma_tensors, x_TD):
    from sae_lens.loading import pretrained_sae_loaders as loaders

    place = "layer_5/width_16k/average_l0_71"
    path = tmp_path / place / "params.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **{name.replace("w_", "W_"): value.numpy() for name, value in gemma_tensors.items()})
    monkeypatch.setattr(loaders, "hf_hub_download", lambda **_asked: str(path))
    config, state, _ = loaders.gemma_2_sae_huggingface_loader(
        "google/gemma-scope-2b-pt-res", place, cfg_overrides={"d_in": D_IN, "d_sae": D_SAE}
    )
    assert config["hook_name"] == "blocks.5.hook_resid_post"
    theirs = sae_lens.JumpReLUSAE(
        sae_lens.JumpReLUSAEConfig(**SIZES, apply_b_dec_to_input=config["apply_b_dec_to_input"])
    )
    theirs.load_state_dict(state)
    found = gemma_scope.read(path)
    assert found.sae.layer == 5
    compare(found.sae, theirs, x_TD)


def test_a_file_of_gemma_scope_2_is_read_as_saelens_reads_it(tmp_path, monkeypatch, gemma_tensors, x_TD):
    from sae_lens.loading import pretrained_sae_loaders as loaders

    place = "resid_post_all/layer_7_width_16k_l0_small"
    path = tmp_path / place / "params.safetensors"
    path.parent.mkdir(parents=True)
    save_file(gemma_tensors, path)
    config = {
        "architecture": "jump_relu",
        "model_name": "gemma-v3-270m-pt",
        "hf_hook_point_in": "model.layers.7.output",
    }
    (path.parent / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(
        loaders,
        "hf_hub_download",
        lambda *args, **asked: str(path.parent / (asked.get("filename") or args[1]).split("/")[-1]),
    )
    monkeypatch.setattr(
        loaders,
        "get_safetensors_tensor_shapes",
        lambda *_asked: {name: list(value.shape) for name, value in gemma_tensors.items()},
    )
    config, state, _ = loaders.gemma_3_sae_huggingface_loader("google/gemma-scope-2-270m-pt", place)
    theirs = sae_lens.JumpReLUSAE(
        sae_lens.JumpReLUSAEConfig(**SIZES, apply_b_dec_to_input=config["apply_b_dec_to_input"])
    )
    theirs.load_state_dict(state)
    found = gemma_scope.read(path)
    assert f"blocks.{found.sae.layer}.hook_resid_post" == config["hook_name"]
    compare(found.sae, theirs, x_TD)


def test_a_batch_topk_sae_is_read_as_saelens_reads_it(tmp_path, monkeypatch, x_TD):
    from sae_lens.loading import pretrained_sae_loaders as loaders

    g = torch.Generator().manual_seed(3)
    shapes = {
        "encoder.weight": (D_SAE, D_IN),
        "encoder.bias": (D_SAE,),
        "decoder.weight": (D_IN, D_SAE),
        "b_dec": (D_IN,),
    }
    tensors = {name: torch.randn(shape, generator=g) for name, shape in shapes.items()}
    torch.save(tensors | {"threshold": torch.tensor(1.5), "k": torch.tensor(40)}, tmp_path / "ae.pt")
    trainer = {
        "dict_class": "BatchTopKSAE", "layer": 9, "submodule_name": "resid_post_layer_9", "lm_name": "Qwen/Qwen3-8B",
        "activation_dim": D_IN, "dict_size": D_SAE, "k": 40,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {"ctx_len": 1024}}))
    monkeypatch.setattr(
        loaders, "hf_hub_download", lambda **asked: str(tmp_path / asked["filename"].split("/")[-1])
    )
    config, state, _ = loaders.dictionary_learning_sae_huggingface_loader_1("someone/saes", "layer_9")
    theirs = sae_lens.JumpReLUSAE(
        sae_lens.JumpReLUSAEConfig(**SIZES, apply_b_dec_to_input=config["apply_b_dec_to_input"])
    )
    theirs.load_state_dict(state)
    found = dictionary_learning.read(tmp_path)
    assert f"blocks.{found.sae.layer}.hook_resid_post" == config["hook_name"]
    compare(found.sae, theirs, x_TD)
