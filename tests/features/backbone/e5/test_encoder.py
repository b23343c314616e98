"""The encoder written out in torch is transformers' BERT, block by block."""

import pytest
import torch
from scopesift_features.backbone.e5.model import load_e5
from scopesift_features.reading.batching.windows import make_windows

HERE_AND_THERE = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attended",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "inner",
    "output.dense": "outer",
    "output.LayerNorm": "output_norm",
}
BLOCKS = 3


@pytest.fixture(scope="module")
def bert(reader):
    """transformers' BertModel with the same weights, the word table dequantised as a whole."""
    from transformers import BertConfig, BertModel

    header = reader.source.file.header
    config = BertConfig(
        vocab_size=header.vocabulary, hidden_size=header.hidden, num_hidden_layers=BLOCKS,
        num_attention_heads=header.heads, intermediate_size=header.intermediate, hidden_act="gelu",
        max_position_embeddings=header.positions, type_vocab_size=header.token_types,
        layer_norm_eps=header.epsilon, pad_token_id=header.pad,
    )  # fmt: skip
    ours = load_e5(reader.source.file, BLOCKS - 1, device="cpu", dtype=torch.float32).model.state_dict()
    state = {
        "embeddings.word_embeddings.weight": torch.from_numpy(
            reader.source.file.tensor("emb.word", (header.vocabulary, header.hidden))
        ),
        "embeddings.position_embeddings.weight": ours["positions.weight"],
        "embeddings.token_type_embeddings.weight": ours["types.weight"],
        "embeddings.LayerNorm.weight": ours["norm.weight"],
        "embeddings.LayerNorm.bias": ours["norm.bias"],
    }
    for layer in range(BLOCKS):
        for theirs, name in HERE_AND_THERE.items():
            for part in ("weight", "bias"):
                state[f"encoder.layer.{layer}.{theirs}.{part}"] = ours[f"blocks.{layer}.{name}.{part}"]
    with torch.device("meta"):
        model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(state, strict=True, assign=True)
    model.embeddings.register_buffer("position_ids", torch.arange(header.positions)[None], persistent=False)
    zeros = torch.zeros(1, header.positions, dtype=torch.int64)
    model.embeddings.register_buffer("token_type_ids", zeros, persistent=False)
    return model.eval()


def test_every_block_gives_transformers_hidden_states_padding_or_not(reader, bert, texts):
    windows = make_windows(reader, [*texts, "a much longer text than its neighbours " * 9])
    longest = max(len(window.ids) for window in windows)
    ids_BT = torch.ones(len(windows), longest, dtype=torch.int64)
    mask_BT = torch.zeros_like(ids_BT)
    for row, window in enumerate(windows):
        ids_BT[row, : len(window.ids)] = torch.from_numpy(window.ids)
        mask_BT[row, : len(window.ids)] = 1
    ours = load_e5(reader.source.file, BLOCKS - 1, device="cpu", dtype=torch.float32).residuals(
        ids_BT, mask_BT, list(range(BLOCKS))
    )
    with torch.inference_mode():
        theirs = bert(input_ids=ids_BT, attention_mask=mask_BT, output_hidden_states=True).hidden_states[1:]
    kept_BT = mask_BT.bool()
    for layer in range(BLOCKS):
        # sums of 384 and 1,536 float32 products in another order: some units in the last place of values around 10
        assert torch.allclose(ours[layer][kept_BT], theirs[layer][kept_BT], rtol=1e-5, atol=1e-4)


def test_reading_with_it_imports_no_transformers():
    import subprocess
    import sys

    code = (
        "import sys; from scopesift_features.reader import Reader; "
        "from scopesift_features.reading.batching.windows import make_windows; "
        "from scopesift_features.reading.extract import stream_residuals; r = Reader.load('e5', device='cpu'); "
        "list(stream_residuals(r, make_windows(r, ['a']), [0])); sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=100).returncode == 0
