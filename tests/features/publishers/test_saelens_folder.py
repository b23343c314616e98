import pytest
import torch
from scopesift_features.publishers.saelens import read
from scopesift_features.sae.threshold import JumpReLUSAE, ReLUSAE
from scopesift_features.sae.topk import TopKSAE
from scopesift_files.errors import ScopeError


def relu(x_TD, weights, *, shifted):
    x_TD = x_TD - weights["b_dec"] if shifted else x_TD
    return torch.relu(x_TD @ weights["W_enc"] + weights["b_enc"])


@pytest.mark.parametrize("shifted", [False, True])
def test_a_standard_sae_is_a_relu_sae_and_the_subtracted_bias_is_folded_in(
    saelens_folder, weights, x_TD, dense, shifted
):
    found = read(saelens_folder({"apply_b_dec_to_input": shifted}, weights))
    assert type(found.sae) is ReLUSAE
    assert (found.sae.layer, found.base_model) == (2, "tiny")
    acts_TF = relu(x_TD, weights, shifted=shifted)
    torch.testing.assert_close(dense(found.sae, x_TD), acts_TF, rtol=1e-5, atol=1e-4)
    recon_TD = acts_TF @ weights["W_dec"] + weights["b_dec"]
    torch.testing.assert_close(found.sae.decode(found.sae.active(x_TD)), recon_TD, rtol=1e-4, atol=1e-3)


def test_a_jumprelu_sae_keeps_its_thresholds(saelens_folder, weights, threshold, x_TD, dense):
    sae = read(saelens_folder({"architecture": "jumprelu"}, {**weights, "threshold": threshold})).sae
    assert type(sae) is JumpReLUSAE
    pre_TF = x_TD @ weights["W_enc"] + weights["b_enc"]
    torch.testing.assert_close(dense(sae, x_TD), pre_TF * (pre_TF > threshold), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        {"architecture": "topk", "k": 7},
        {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": 7}, "normalize_activations": False},
    ],
    ids=["6", "before 6"],
)
def test_a_topk_sae_has_its_k_in_both_forms_of_the_config(saelens_folder, weights, x_TD, dense, config):
    sae = read(saelens_folder(config, weights)).sae
    assert type(sae) is TopKSAE
    assert ((dense(sae, x_TD) > 0).sum(dim=1) == 7).all()


def test_activations_rescaled_by_the_decoders_norms_choose_the_same_features(
    saelens_folder, weights, x_TD, dense
):
    weights["W_dec"] *= torch.linspace(0.1, 3, len(weights["W_dec"]))[:, None]
    config = {"architecture": "topk", "k": 7, "rescale_acts_by_decoder_norm": True}
    sae = read(saelens_folder(config, weights)).sae
    pre_TF = (x_TD @ weights["W_enc"] + weights["b_enc"]) * weights["W_dec"].norm(dim=1)
    top = pre_TF.topk(7)
    acts_TF = torch.zeros_like(pre_TF).scatter_(1, top.indices, top.values.relu())
    torch.testing.assert_close(dense(sae, x_TD), acts_TF, rtol=1e-5, atol=1e-4)
    recon_TD = (acts_TF / weights["W_dec"].norm(dim=1)) @ weights["W_dec"] + weights["b_dec"]
    torch.testing.assert_close(sae.decode(sae.active(x_TD)), recon_TD, rtol=1e-4, atol=1e-3)


def test_a_hook_before_a_block_is_the_output_of_the_block_before_it(saelens_folder, weights):
    for hook, layer in (
        ("blocks.5.hook_resid_pre", 4),
        ("model.layers.3", 3),
        ("blocks.0.hook_resid_post", 0),
    ):
        assert read(saelens_folder({"metadata": {"hook_name": hook}}, weights)).sae.layer == layer


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"normalize_activations": "layer_norm"}, "normalize_activations is 'layer_norm'"),
        ({"normalize_activations": "expected_average_only_in"}, "fold it into the weights"),
        ({"normalize_activations": True}, "normalize_activations is True"),
        ({"finetuning_scaling_factor": True}, "finetuning_scaling_factor"),
        ({"reshape_activations": "hook_z"}, "reshape_activations is 'hook_z'"),
        ({"architecture": "gated"}, "architecture is 'gated', only standard, jumprelu, topk"),
        ({"architecture": "batchtopk"}, "saved for inference as jumprelu"),
        ({"activation_fn": "tanh-relu"}, "the activation is 'tanh-relu'"),
        ({"architecture": "topk"}, "k is None"),
        ({"architecture": "topk", "k": 97}, "k is 97"),
        ({"architecture": "jumprelu"}, "threshold has shape None"),
        ({"metadata": {"hook_name": "blocks.3.hook_mlp_out"}}, "only the residual stream after a block"),
        ({"metadata": {"hook_name": "blocks.0.hook_resid_pre"}}, "only the residual stream after a block"),
        ({"metadata": {}}, "hook_name is ''"),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_refused_in_one_line(saelens_folder, weights, config, message):
    with pytest.raises(ScopeError, match=message) as caught:
        read(saelens_folder(config, weights))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "sae_weights.safetensors").unlink(), "is missing"),
        (
            lambda folder: (folder / "sae_weights.safetensors").write_bytes(b"half"),
            "not a readable safetensors",
        ),
        (lambda folder: (folder / "cfg.json").write_text("{"), "cfg.json"),
    ],
)
def test_a_damaged_folder_gets_one_line(saelens_folder, weights, damage, message):
    folder = saelens_folder({}, weights)
    damage(folder)
    with pytest.raises(ScopeError, match=message) as caught:
        read(folder)
    assert "\n" not in str(caught.value)


def test_wrong_shapes_missing_and_infinite_tensors_are_refused(saelens_folder, weights):
    transposed = weights | {"W_dec": weights["W_dec"].T}
    with pytest.raises(ScopeError, match=r"W_dec has shape \(32, 96\), expected \(96, 32\)"):
        read(saelens_folder({}, transposed))
    with pytest.raises(ScopeError, match="has no tensor b_enc"):
        read(saelens_folder({}, {name: value for name, value in weights.items() if name != "b_enc"}))
    weights["b_dec"][0] = float("inf")
    with pytest.raises(ScopeError, match="b_dec holds NaN or infinite"):
        read(saelens_folder({}, weights))
