"""A tiny scope with random weights, for every test that needs one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

if not torch.cuda.is_available():
    # before transformers imports Triton: without a GPU its kernels run in the interpreter
    os.environ.setdefault("TRITON_INTERPRET", "1")
# what tests read is not kept in the cache of the person who runs them
os.environ["SCOPESIFT_CACHE"] = "off"
# a console keeps the width that it finds here when it is made, and workers of pytest-xdist are given one
os.environ.pop("COLUMNS", None)

pytest_plugins = ("tests.float32_bounds", "tests.gguf_files", "tests.live_servers")

D_MODEL, N_LAYERS, D_SAE, K = 32, 4, 128, 8

SENTENCES = [
    "The cat sat on the mat and watched the rain.",
    "Who knows where the time goes?",
    "Das Wetter ist heute schön, wir gehen spazieren.",
    "La economía creció un tres por ciento.",
    "Сегодня хорошая погода.",
    "今日はいい天気ですね。",
    "هذا يوم جميل جدا",
    "The vaccine was tested in a large trial.",
    "You are such an idiot, shut up!",
    "I love you all, thank you for coming 😀👨‍👩‍👧",
]


def make_tokenizer(sentences=SENTENCES, vocab_size=600):
    """Byte-level BPE with `<|endoftext|>`, as nano's and Qwen's tokenizers are."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


def make_saes(seed=1, d_model=D_MODEL, d_sae=D_SAE, k=K, layers=range(N_LAYERS)):
    """Random SAEs whose decoder is the encoder transposed."""
    from scopesift_features.sae.topk import TopKSAE

    generator = torch.Generator().manual_seed(seed)
    saes = []
    for layer in layers:
        W_enc_FD = torch.randn(d_sae, d_model, generator=generator) / d_model**0.5
        b_enc_F = torch.randn(d_sae, generator=generator) * 0.1
        b_dec_D = torch.randn(d_model, generator=generator) * 0.1
        saes.append(TopKSAE(W_enc_FD, b_enc_F, W_enc_FD.T.contiguous(), b_dec_D, k=k, layer=layer))
    return saes


def write_tiny_scope(folder: Path, *, name="tiny", seed=0, **settings) -> Path:
    """Write a scope with a random Qwen3 backbone; `settings` go to ReadingSettings."""
    from scopesift_features.catalogue.local_scope import write_local_scope
    from scopesift_features.catalogue.settings import ReadingSettings
    from transformers import Qwen3Config, Qwen3Model

    tokenizer = make_tokenizer()
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=D_MODEL,
        intermediate_size=64,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=2048,
        initializer_range=0.2,  # enough for tokens to differ after a few random blocks
        pad_token_id=0,
        eos_token_id=0,
        bos_token_id=None,
    )
    torch.manual_seed(seed)
    model = Qwen3Model(config)
    write_local_scope(
        folder,
        id=name,
        settings=ReadingSettings(
            **{
                "prefix": ("<|endoftext|>",),
                "skip": "prefix",
                "window_tokens": 64,
                "overlap_tokens": 16,
                **settings,
            }
        ),
        licence="none",
        backbone_config=config.to_dict(),
        backbone_state=model.state_dict(),
        tokenizer=tokenizer,
        saes=make_saes(seed + 1),
    )
    return folder


def make_wordpieces(sentences=SENTENCES, vocab_size=600):
    """WordPiece with `[CLS]` before and `[SEP]` behind a text, as BERT's tokenizers are."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(sentences, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def write_tiny_encoder_scope(folder: Path, *, name="tiny-bert", seed=0, kind="bert", **settings) -> Path:
    """Write a scope with a random BERT or RoBERTa backbone; `settings` go to ReadingSettings."""
    from scopesift_features.catalogue.local_scope import write_local_scope
    from scopesift_features.catalogue.settings import ReadingSettings
    from transformers import AutoConfig, AutoModel

    tokenizer = make_wordpieces()
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(tokenizer),
        hidden_size=D_MODEL,
        intermediate_size=64,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=4,
        # RoBERTa's positions begin behind the padding's
        max_position_embeddings=64 if kind == "bert" else 65,
        initializer_range=0.2,
        pad_token_id=0,
    )
    torch.manual_seed(seed)
    read = {"prefix": ("[CLS]",), "suffix": ("[SEP]",), "skip": "prefix", "window_tokens": 64}
    write_local_scope(
        folder,
        id=name,
        settings=ReadingSettings(**{**read, "overlap_tokens": 16, **settings}),
        licence="none",
        backbone_config=config.to_dict(),
        backbone_state=AutoModel.from_config(config).state_dict(),
        tokenizer=tokenizer,
        saes=make_saes(seed + 1),
    )
    return folder


@pytest.fixture(scope="session")
def tiny_scope_folder(tmp_path_factory) -> Path:
    """A local scope `tiny`: Qwen3, d 32, 4 blocks, 128 features a block, k 8. Do not write into it."""
    return write_tiny_scope(tmp_path_factory.mktemp("scopes") / "tiny")


@pytest.fixture(scope="session")
def tiny_scope(tiny_scope_folder):
    """The tiny scope, loaded on the CPU."""
    from scopesift_features.scope import Scope

    return Scope.load(tiny_scope_folder, device="cpu")


@pytest.fixture(scope="session")
def tiny_encoder_scope_folder(tmp_path_factory) -> Path:
    """A local scope `tiny-bert` of the same sizes, read as `[CLS] … [SEP]`. Do not write into it."""
    return write_tiny_encoder_scope(tmp_path_factory.mktemp("scopes") / "tiny-bert")


@pytest.fixture(scope="session")
def tiny_encoder_scope(tiny_encoder_scope_folder):
    """The tiny encoder scope, loaded on the CPU."""
    from scopesift_features.scope import Scope

    return Scope.load(tiny_encoder_scope_folder, device="cpu")


@pytest.fixture(scope="session")
def write_encoder_scope():
    """`write_encoder_scope(folder, name=…, seed=…, kind=…, **settings)` writes another tiny encoder scope."""
    return write_tiny_encoder_scope


@pytest.fixture(scope="session")
def write_scope():
    """`write_scope(folder, name=…, seed=…, **settings)` writes another tiny scope."""
    return write_tiny_scope


@pytest.fixture(scope="session")
def random_saes():
    """`random_saes(seed=…, d_model=…, d_sae=…, k=…, layers=…)` makes SAEs with decoders."""
    return make_saes


@pytest.fixture
def copy_of_tiny_scope(tiny_scope_folder, tmp_path) -> Path:
    """A copy of the tiny scope that a test may damage."""
    import shutil

    return Path(shutil.copytree(tiny_scope_folder, tmp_path / "tiny"))
