"""The tokenizer of a GGUF file with a byte-level BPE vocabulary.

transformers' conversion is not used: it splits the texts of every Llama as GPT-2's tokenizer does, whatever the file
says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scopesift_files.errors import ScopeError

from scopesift_features.backbone.gguf.header import VOCABULARY, GgufHeader
from scopesift_features.tokenizing.tokenizer import Tokenizer

_BYTE_LEVEL_BPE = "gpt2"
_CONTROL, _USER_DEFINED = 3, 4  # llama.cpp's types of tokens
_REMEDY = "put the model's tokenizer.json beside it"


@dataclass(frozen=True)
class _Splitting:
    """How a text is split before BPE.

    Attributes:
        pattern: a regular expression; "" is GPT-2's.
        digits: each digit alone, beforehand.
        composed: NFC beforehand.
        whole_words: a piece that is in the vocabulary is one token, whatever the merges.
    """

    pattern: str = ""
    digits: bool = False
    composed: bool = False
    whole_words: bool = False


_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_QWEN35 = _QWEN2.replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}", r"[^\s\p{L}\p{M}")

# by the metadata's tokenizer.ggml.pre; source: llama.cpp's src/llama-vocab.cpp and the models' tokenizer.json
_SPLITTINGS = {
    "gpt-2": _Splitting(),
    "smollm": _Splitting(digits=True),
    "starcoder": _Splitting(digits=True),
    "llama-bpe": _Splitting(_LLAMA3, whole_words=True),
    "qwen2": _Splitting(_QWEN2, composed=True),
    "qwen35": _Splitting(_QWEN35, composed=True),
}


def gguf_tokenizer(header: GgufHeader) -> Tokenizer:
    """The tokenizer from the file's vocabulary and merges.

    Raises:
        ScopeError: another kind of vocabulary than byte-level BPE, an unknown way to split texts, or a part is missing.
    """
    from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers
    from tokenizers import Tokenizer as Backend

    splitting = _splitting(header)
    tokens, merges, kinds = (_list(header, name) for name in ("tokens", "merges", "token_type"))
    pairs = [tuple(merge.split(" ")) for merge in merges]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    try:
        model = models.BPE(vocabulary, pairs, ignore_merges=splitting.whole_words)
    except Exception as error:
        raise ScopeError(
            f"{header.path}: its vocabulary and merges do not fit ({error}); {_REMEDY}"
        ) from None
    backend = Backend(model)
    if splitting.composed:
        backend.normalizer = normalizers.NFC()
    steps: list[Any] = [pre_tokenizers.Digits(individual_digits=True)] if splitting.digits else []
    if splitting.pattern:
        steps.append(pre_tokenizers.Split(Regex(splitting.pattern), "isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not splitting.pattern))
    backend.pre_tokenizer = pre_tokenizers.Sequence(steps)
    backend.decoder = decoders.ByteLevel()
    for token, kind in zip(tokens, kinds, strict=True):
        if kind == _CONTROL:
            backend.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        elif kind == _USER_DEFINED:
            backend.add_tokens([AddedToken(token, special=False, normalized=False)])
    return Tokenizer(backend)


def _splitting(header: GgufHeader) -> _Splitting:
    model = header.metadata.get(f"{VOCABULARY}model")
    if model != _BYTE_LEVEL_BPE:
        raise ScopeError(
            f"{header.path}: its vocabulary is of the kind {model!r}, but only byte-level BPE "
            f"({_BYTE_LEVEL_BPE!r}) is read from GGUF files; {_REMEDY}"
        )
    name = header.metadata.get(f"{VOCABULARY}pre")
    if name not in _SPLITTINGS:
        raise ScopeError(
            f"{header.path}: how its tokenizer splits texts ({name!r}) is not known here, only "
            f"{', '.join(_SPLITTINGS)}; {_REMEDY}"
        )
    return _SPLITTINGS[name]


def _list(header: GgufHeader, name: str) -> list[Any]:
    found = header.metadata.get(f"{VOCABULARY}{name}")
    if not isinstance(found, list):
        raise ScopeError(f"{header.path} holds no {VOCABULARY}{name}; {_REMEDY}")
    return found
