import pytest
import torch
from scopesift_features.publishers.gemma_scope import read
from scopesift_files.errors import ScopeError

GEMMA2 = "layer_20/width_16k/average_l0_71/params.npz"
GEMMA3 = "resid_post_all/layer_7_width_16k_l0_small/params.safetensors"
CONFIG = {
    "architecture": "jump_relu",
    "hf_hook_point_in": "model.layers.7.output",
    "model_name": "gemma-3-tiny",
}


@pytest.fixture
def tensors(weights, threshold):
    return {**weights, "threshold": threshold}


@pytest.mark.parametrize(
    ("place", "config", "layer"), [(GEMMA2, None, 20), (GEMMA3, CONFIG, 7), (GEMMA3, None, 7)]
)
def test_both_releases_are_read_with_the_layer_of_their_folder(
    gemma_file, tensors, x_TD, dense, place, config, layer
):
    found = read(gemma_file(place, tensors, config))
    pre_TF = x_TD @ tensors["W_enc"] + tensors["b_enc"]  # b_dec is not subtracted
    torch.testing.assert_close(
        dense(found.sae, x_TD), pre_TF * (pre_TF > tensors["threshold"]), rtol=1e-5, atol=1e-4
    )
    assert found.sae.layer == layer
    assert found.base_model == (config or {}).get("model_name", "")


@pytest.mark.parametrize(
    ("place", "config", "message"),
    [
        ("attn_out/layer_7_width_16k_l0_small/params.safetensors", CONFIG, "an SAE of attn_out"),
        ("transcoder/layer_7_width_16k/params.safetensors", CONFIG, "an SAE of transcoder"),
        ("somewhere/params.npz", None, "no folder above it is named after a layer"),
        (GEMMA3, CONFIG | {"architecture": "topk"}, "architecture is 'topk'"),
        (
            GEMMA3,
            CONFIG | {"hf_hook_point_in": "model.layers.7.self_attn.o_proj.input"},
            "only the output of a block",
        ),
        (GEMMA3, CONFIG | {"hf_hook_point_in": "model.layers.8.output"}, "named after layer 7"),
    ],
)
def test_another_place_than_the_residual_stream_is_refused(gemma_file, tensors, place, config, message):
    with pytest.raises(ScopeError, match=message):
        read(gemma_file(place, tensors, config))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scaling_factor": torch.full((3,), 2.0)}, "scaling_factor is not 1"),
        ({"affine_skip_connection": torch.zeros(2)}, "transcoder"),
        ({"threshold": torch.zeros(4)}, r"threshold has shape \(4,\)"),
        ({"threshold": torch.full((96,), -0.5)}, "values below 0"),
        ({"b_enc": torch.full((96,), float("nan"))}, "b_enc holds NaN"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_cannot_be_honoured_is_refused(gemma_file, tensors, changes, message):
    with pytest.raises(ScopeError, match=message):
        read(gemma_file(GEMMA2, tensors | changes))


def test_a_scaling_factor_of_one_changes_nothing(gemma_file, tensors):
    assert read(gemma_file(GEMMA2, tensors | {"scaling_factor": torch.ones(3)})).sae.d_sae == 96


def test_a_half_file_gets_one_line(gemma_file, tensors):
    path = gemma_file(GEMMA2, tensors)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ScopeError, match=r"not a readable \.npz"):
        read(path)
    path.unlink()
    with pytest.raises(ScopeError, match="is missing"):
        read(path)
