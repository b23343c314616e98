"""Tiny checkpoints of every backbone family."""

from __future__ import annotations

import pytest
import torch

SIZES = {
    "vocab_size": 320,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.2,
    "max_position_embeddings": 512,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
LINEAR = {
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
VISION = {
    "depth": 2,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_heads": 2,
    "out_hidden_size": 32,
    "patch_size": 4,
}
ENCODER = {
    "vocab_size": 320,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
}
# one full-attention block in four, as in the real ones, and a last block that is linear attention again
QWEN35_LAYERS = 6


def _qwen3():
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(**SIZES, intermediate_size=48, num_hidden_layers=4))


def _qwen3_moe():
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    return Qwen3MoeForCausalLM(Qwen3MoeConfig(**SIZES, **EXPERTS, intermediate_size=48, num_hidden_layers=4))


def _qwen3_5_text():
    from transformers import Qwen3_5TextConfig

    return Qwen3_5TextConfig(**SIZES, **LINEAR, intermediate_size=48, num_hidden_layers=QWEN35_LAYERS)


def _qwen3_5():
    from transformers import Qwen3_5ForCausalLM

    return Qwen3_5ForCausalLM(_qwen3_5_text())


def _qwen3_5_multimodal():
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    config = Qwen3_5Config(text_config=_qwen3_5_text().to_dict(), vision_config=VISION)
    return Qwen3_5ForConditionalGeneration(config)


def _qwen3_5_moe_text():
    from transformers import Qwen3_5MoeTextConfig

    return Qwen3_5MoeTextConfig(
        **SIZES, **LINEAR, **EXPERTS, shared_expert_intermediate_size=16, num_hidden_layers=QWEN35_LAYERS
    )


def _qwen3_5_moe():
    from transformers import Qwen3_5MoeForCausalLM

    return Qwen3_5MoeForCausalLM(_qwen3_5_moe_text())


def _qwen3_5_moe_multimodal():
    from transformers import Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration

    config = Qwen3_5MoeConfig(text_config=_qwen3_5_moe_text().to_dict(), vision_config=VISION)
    return Qwen3_5MoeForConditionalGeneration(config)


def _llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**SIZES, intermediate_size=48, num_hidden_layers=4))


def _gemma3_text():
    from transformers import Gemma3TextConfig

    return Gemma3TextConfig(**SIZES, intermediate_size=48, num_hidden_layers=4, sliding_window=16)


def _gemma3():
    from transformers import Gemma3ForCausalLM

    return Gemma3ForCausalLM(_gemma3_text())


def _gemma3_multimodal():
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    vision = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_hidden_layers": 2}
    vision |= {"image_size": 28, "patch_size": 14}
    return Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=_gemma3_text().to_dict(), vision_config=vision, mm_tokens_per_image=4)
    )


def _gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=320,
            n_embd=32,
            n_layer=4,
            n_head=4,
            initializer_range=0.2,
            bos_token_id=None,
            eos_token_id=0,
        )
    )


def _bert():
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM(BertConfig(**ENCODER))


def _xlm_roberta():
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    return XLMRobertaForMaskedLM(XLMRobertaConfig(**ENCODER))


def _modernbert():
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    special = {"pad_token_id": 0, "bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 2, "sep_token_id": 2}
    # local blocks see two tokens to either side, and blocks 0 and 3 see all
    return ModernBertForMaskedLM(ModernBertConfig(**ENCODER, **special, local_attention=4))


FAMILIES = {
    "qwen3": _qwen3,
    "qwen3-moe": _qwen3_moe,
    "qwen3.5": _qwen3_5,
    "qwen3.5-multimodal": _qwen3_5_multimodal,
    "qwen3.5-moe": _qwen3_5_moe,
    "qwen3.5-moe-multimodal": _qwen3_5_moe_multimodal,
    "llama": _llama,
    "gemma3": _gemma3,
    "gemma3-multimodal": _gemma3_multimodal,
    "gpt2": _gpt2,
    "bert": _bert,
    "xlm-roberta": _xlm_roberta,
    "modernbert": _modernbert,
}


@pytest.fixture(scope="session", params=list(FAMILIES))
def family(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def encoder_sizes() -> dict:
    """Sizes of a tiny encoder."""
    return ENCODER


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """`checkpoints(family)`: (folder, uncut model); sharded with an index, written by transformers itself."""
    made = {}

    def checkpoint(name):
        if name not in made:
            torch.manual_seed(0)
            model = FAMILIES[name]().eval()
            folder = tmp_path_factory.mktemp(name)
            model.save_pretrained(folder, max_shard_size="60KB")
            made[name] = folder, model
        return made[name]

    return checkpoint
