"""Tokenizers of GGUF files against the tokenizers that their vocabularies were made with."""

import pytest
from scopesift_features.backbone.source import GgufBackbone
from scopesift_features.tokenizing.tokenizer import Tokenizer
from scopesift_files.errors import ScopeError

TEXTS = [
    "In 2024, it's 1234567 of  them —\n\n\tDON'T they're\r\n  ",
    "Das Wetter ist heute schön; a\u0308 decomposed. क्षत्रिय हिन्दी",
    "Сегодня 今日はいい天気 هذا 😀👨‍👩‍👧 x=3.14e-10",
    "<|endoftext|> and <tool_call> are spelled out",
    "",
    " ",
]
CORPUS = [*TEXTS, "they're 2024 2023 1999 123 456 12 it's DON'T don't the weather schön"] * 4


def trained(pre):
    """A tokenizer as the models' own tokenizer.json has it."""
    from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Backend
    from transformers.convert_slow_tokenizer import TikTokenConverter
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX as QWEN2
    from transformers.models.qwen3_5.tokenization_qwen3_5 import PRETOKENIZE_REGEX as QWEN35

    patterns = {"llama-bpe": TikTokenConverter(vocab_file="").pattern, "qwen2": QWEN2, "qwen35": QWEN35}
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre not in patterns)
    steps = {
        "gpt-2": [],
        "smollm": [pre_tokenizers.Digits(individual_digits=True)],
        "starcoder": [pre_tokenizers.Digits(individual_digits=True)],
    }.get(pre) or ([pre_tokenizers.Split(Regex(patterns[pre]), "isolated")] if pre in patterns else [])
    backend = Backend(models.BPE(ignore_merges=pre == "llama-bpe"))
    backend.pre_tokenizer = pre_tokenizers.Sequence([*steps, byte_level])
    backend.decoder = decoders.ByteLevel()
    if pre.startswith("qwen"):
        backend.normalizer = normalizers.NFC()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(CORPUS, trainer)
    backend.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return backend


@pytest.mark.parametrize("pre", ["gpt-2", "smollm", "starcoder", "llama-bpe", "qwen2", "qwen35"])
def test_ids_and_spans_are_those_of_the_models_own_tokenizer(tmp_path, random_decoder, write_gguf, pre):
    backend = trained(pre)
    model = random_decoder("llama", backend.get_vocab_size(), num_hidden_layers=1)
    path = write_gguf(tmp_path / "tiny.gguf", "llama", model, backend, pre=pre)
    found = GgufBackbone(path).tokenizer()
    for mine, theirs in zip(found.encode(TEXTS), Tokenizer(backend).encode(TEXTS), strict=True):
        assert mine.ids_T.tolist() == theirs.ids_T.tolist()
        assert mine.spans_T2.tolist() == theirs.spans_T2.tolist()
        assert found.decode(mine.ids_T.tolist()) == Tokenizer(backend).decode(theirs.ids_T.tolist())


def test_the_ways_to_split_differ_on_these_texts():
    """Otherwise the test above would not see one taken for another; SmolLM's and StarCoder's are the same."""
    names = ["gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35"]
    pieces = {name: [trained(name).pre_tokenizer.pre_tokenize_str(text) for text in TEXTS] for name in names}
    for at, name in enumerate(names):
        assert all(pieces[name] != pieces[other] for other in names[:at]), name


def test_a_tokenizer_json_beside_the_file_is_used_instead(
    tmp_path, random_decoder, write_gguf, bpe_tokenizer
):
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size(), num_hidden_layers=1)
    path = write_gguf(tmp_path / "tiny.gguf", "llama", model, bpe_tokenizer, vocabulary="llama")
    with pytest.raises(
        ScopeError, match=r"of the kind 'llama', but only byte-level BPE .*put the model's tokenizer\.json"
    ):
        GgufBackbone(path).tokenizer()
    bpe_tokenizer.save(str(tmp_path / "tokenizer.json"))
    (found,) = GgufBackbone(path).tokenizer().encode([TEXTS[0]])
    (expected,) = Tokenizer(bpe_tokenizer).encode([TEXTS[0]])
    assert found.ids_T.tolist() == expected.ids_T.tolist()


@pytest.mark.parametrize("pre", [None, "tekken"])
def test_an_unknown_way_to_split_texts_is_refused(tmp_path, random_decoder, write_gguf, bpe_tokenizer, pre):
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size(), num_hidden_layers=1)
    path = write_gguf(tmp_path / "tiny.gguf", "llama", model, bpe_tokenizer, pre=pre)
    with pytest.raises(ScopeError, match=rf"splits texts \({pre!r}\) is not known here, only gpt-2, "):
        GgufBackbone(path).tokenizer()
