"""Backbones of GGUF files against transformers' models of the same weights."""

import numpy as np
import pytest
import torch
from scopesift_features.backbone.source import GgufBackbone
from scopesift_files.errors import ScopeError

LAST = 3


def batch():
    ids_BT = torch.randint(1, 300, (3, 11), generator=torch.Generator().manual_seed(3))
    mask_BT = torch.ones_like(ids_BT)
    mask_BT[1, 6:] = 0
    return ids_BT, mask_BT


@torch.inference_mode()
def uncut(model, layer):
    """The residual after a block of the whole model, on tokens."""
    seen = {}
    hook = model.layers[layer].register_forward_hook(
        lambda _m, _i, out: seen.update(after=out[0] if isinstance(out, tuple) else out)
    )
    ids_BT, mask_BT = batch()
    model(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False)
    hook.remove()
    return seen["after"][mask_BT.bool()]


def cut(path, layer, deepest=None):
    ids_BT, mask_BT = batch()
    backbone = GgufBackbone(path).load(
        layer if deepest is None else deepest, device="cpu", dtype=torch.float32
    )
    return backbone.residuals(ids_BT, mask_BT, [layer])[layer][mask_BT.bool()]


@pytest.mark.parametrize("layer", [0, 2, LAST])
@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_a_cut_gguf_backbone_equals_the_uncut_model_bit_for_bit(gguf_file, architecture, layer):
    file = gguf_file(architecture)
    assert torch.equal(cut(file.path, layer), uncut(file.model, layer))


@pytest.mark.parametrize("kind", ["F16", "Q8_0", "Q4_1"])
def test_quantised_weights_are_those_that_llama_cpps_package_unpacks(gguf_file, kind):
    file = gguf_file("llama", kind)
    assert torch.equal(cut(file.path, 1, deepest=2), uncut(file.model, 1))


def test_the_factors_of_llama_3_scale_the_positions(tmp_path, random_decoder, write_gguf, bpe_tokenizer):
    scaling = {
        "rope_type": "llama3",
        "rope_theta": 10_000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size(), rope_parameters=scaling)
    plain = random_decoder("llama", bpe_tokenizer.get_vocab_size())
    factors = (plain.rotary_emb.inv_freq / model.rotary_emb.inv_freq).numpy()
    assert factors.max() == 8
    path = write_gguf(
        tmp_path / "llama3.gguf",
        "llama",
        model,
        bpe_tokenizer,
        more=lambda writer: writer.add_tensor("rope_freqs.weight", factors.astype(np.float32)),
    )
    found, expected = cut(path, LAST), uncut(model, LAST)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, uncut(plain, LAST), rtol=1e-2)


def test_tensors_behind_the_cut_are_not_converted(gguf_file, monkeypatch):
    import gguf

    converted = []
    real = gguf.dequantize
    monkeypatch.setattr(
        gguf, "dequantize", lambda data, kind: converted.append(data.shape) or real(data, kind)
    )
    path = gguf_file().path
    cut(path, 0)
    few = len(converted)
    converted.clear()
    cut(path, LAST)
    assert len(converted) - few == 3 * 9


def test_loading_one_leaves_llama_cpps_package_as_it_was(gguf_file):
    import gguf

    real = gguf.GGUFReader
    cut(gguf_file().path, 0)
    assert gguf.GGUFReader is real


def test_sizes_and_memory_are_those_of_the_file(gguf_file):
    file = gguf_file("qwen3")
    source = GgufBackbone(file.path)
    assert source.sizes() == (32, 4)
    model = file.model
    expected = model.embed_tokens.weight.numel() + sum(w.numel() for w in model.layers[:2].parameters())
    assert source.weight_bytes(1, dtype=torch.bfloat16) == 2 * expected


def test_a_block_that_does_not_exist_is_refused(gguf_file):
    with pytest.raises(ScopeError, match=r"layer 4 does not exist in .*; the backbone has layers 0 to 3"):
        cut(gguf_file().path, 4)


def test_biases_that_transformers_would_leave_unread_are_refused(
    tmp_path, random_decoder, write_gguf, bpe_tokenizer
):
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size())
    bias = np.zeros(32, dtype=np.float32)
    path = write_gguf(
        tmp_path / "biased.gguf",
        "llama",
        model,
        bpe_tokenizer,
        more=lambda writer: writer.add_tensor("blk.1.attn_q.bias", bias),
    )
    cut(path, 0)
    with pytest.raises(
        ScopeError, match=r"have 5 biases and norms, but .* 'llama' has 4; give the model's folder"
    ):
        cut(path, 1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            lambda writer: writer.add_tensor("rope_factors_long.weight", np.ones(4, dtype=np.float32)),
            r"scaled by rope_factors_long\.weight",
        ),
        (lambda writer: writer.add_string("llama.rope.scaling.type", "yarn"), r"scaled \(yarn\)"),
    ],
)
def test_other_scalings_of_positions_are_refused(
    tmp_path, random_decoder, write_gguf, bpe_tokenizer, more, message
):
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size())
    path = write_gguf(tmp_path / "scaled.gguf", "llama", model, bpe_tokenizer, more=more)
    with pytest.raises(ScopeError, match=rf"{message}.* is not read from GGUF; give the model's folder"):
        cut(path, 0)


def test_a_missing_tensor_and_values_that_are_not_finite_are_refused(
    tmp_path, random_decoder, write_gguf, bpe_tokenizer
):
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size(), num_hidden_layers=2)
    whole = random_decoder("llama", bpe_tokenizer.get_vocab_size(), num_hidden_layers=2)
    with torch.no_grad():
        whole.layers[1].mlp.up_proj.weight[0, 0] = torch.nan
    path = write_gguf(tmp_path / "nan.gguf", "llama", whole, bpe_tokenizer)
    cut(path, 0)
    with pytest.raises(ScopeError, match=r"layers\.1\.mlp\.up_proj\.weight holds NaN"):
        cut(path, 1)
    del model.layers[1].mlp.up_proj
    path = write_gguf(tmp_path / "lacking.gguf", "llama", model, bpe_tokenizer)
    with pytest.raises(ScopeError, match=r"lacks 1 tensors, first layers\.1\.mlp\.up_proj\.weight"):
        cut(path, 1)


def test_an_architecture_that_transformers_does_not_read_is_named(
    tmp_path, random_decoder, write_gguf, bpe_tokenizer
):
    import gguf

    path = tmp_path / "unknown.gguf"
    writer = gguf.GGUFWriter(path, "perceptron9000")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ScopeError, match=r"cannot read the architecture 'perceptron9000' from GGUF"):
        GgufBackbone(path).sizes()
