"""The byte-level BPE tokenizer of nano: Qwen's word splitting, 16,384 entries, one special token."""

from __future__ import annotations

import random

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"
VOCABULARY = 16384
CHARACTERS_PER_LANGUAGE = 2_500_000
# Qwen's splitting, with runs of letters capped, because merging is slow for very long "words".
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]{1,64}|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]{1,64}[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(lines: dict[str, list[str]], seed: int = 0) -> Tokenizer:
    """Train the tokenizer on an equal number of characters per language, if there are enough.

    Args:
        lines: Training lines by language.
        seed: Order in which lines are drawn.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=24,
        show_progress=False,
    )
    sample: list[str] = []
    for language in sorted(lines):
        pool = list(lines[language])
        random.Random(seed).shuffle(pool)  # noqa: S311
        taken = 0
        for line in pool:
            if taken >= CHARACTERS_PER_LANGUAGE:
                break
            sample.append(line)
            taken += len(line.encode())
    tokenizer.train_from_iterator(sample, trainer=trainer)
    return tokenizer
