"""Training data of the language model: single documents, translation pairs in one context, code-switched lines."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from recipes.nano.alignment import PIVOT, code_switch, count_word_table, translation_groups
from recipes.nano.corpus import LANGUAGES, EncodedLines, encode_lines, read_corpus

HELD_OUT_GROUPS = 100
SWITCHED_LINES = 60_000
SWITCHED_CHARACTERS = 300
LANGUAGE_EXPONENT = 0.4
ENGLISH_BOOST = 1.6
SHORT_SHARE = 0.6
EARLY_SHARES = {"pair": 0.15, "switched": 0.10}
LATE_SHARES = {"pair": 0.25, "switched": 0.20}
END_OF_TEXT_ID = 0
PAIR_TOKENS = 39


@dataclass(frozen=True)
class Mixture:
    """Tokenised training data.

    Attributes:
        documents: Training lines by language.
        dev: Held-out lines by language.
        groups: Translation groups: `{language: token ids}` each.
        held_out: Translation groups (as text) that are in no training text, for the twin search.
        plain: Original lines, row-aligned with `switched`.
        switched: The same lines with words replaced through the counted word table.
        newline: Token ids of a line break, between the two sentences of a pair.
    """

    documents: dict[str, EncodedLines]
    dev: dict[str, EncodedLines]
    groups: list[dict[str, np.ndarray]]
    held_out: list[dict[str, str]]
    plain: EncodedLines
    switched: EncodedLines
    newline: np.ndarray


def hold_out_groups(groups: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Set aside `HELD_OUT_GROUPS` groups that exist in every language; return (training, held out)."""
    full = [index for index, group in enumerate(groups) if len(group) == len(LANGUAGES)]
    chosen = set(random.Random(0).sample(full, min(HELD_OUT_GROUPS, len(full) // 2)))  # noqa: S311
    return (
        [group for index, group in enumerate(groups) if index not in chosen],
        [groups[index] for index in sorted(chosen)],
    )


def build_mixture(data: Path, tokenizer: Tokenizer) -> Mixture:
    """Read, align, code-switch and tokenise the pre-training text.

    Args:
        data: The folder that holds `pretrain/`.
        tokenizer: nano's tokenizer.
    """
    train, dev = read_corpus(data)
    groups, held_out = hold_out_groups(
        translation_groups(data, {code: train[code] + dev[code] for code in train})
    )
    hidden = {sentence for group in held_out for sentence in group.values()}
    train = {code: [line for line in lines if line not in hidden] for code, lines in train.items()}
    table = count_word_table(groups)

    rng = random.Random(1)  # noqa: S311
    plain: list[str] = []
    mixed: list[str] = []
    while len(mixed) < SWITCHED_LINES:
        language = PIVOT if rng.random() < 0.6 else rng.choice([c for c in LANGUAGES if c != PIVOT])
        line = rng.choice(train[language])[:SWITCHED_CHARACTERS]
        switched = code_switch(line, language, table, rng)
        if switched is not None:
            plain.append(line)
            mixed.append(switched)

    encoded_groups = []
    for group in groups:
        codes = sorted(group)
        lines = encode_lines(tokenizer, [group[code] for code in codes])
        encoded_groups.append({code: lines[index] for index, code in enumerate(codes)})
    return Mixture(
        documents={code: encode_lines(tokenizer, lines) for code, lines in train.items()},
        dev={code: encode_lines(tokenizer, lines) for code, lines in dev.items()},
        groups=encoded_groups,
        held_out=held_out,
        plain=encode_lines(tokenizer, plain),
        switched=encode_lines(tokenizer, mixed),
        newline=encode_lines(tokenizer, ["\n"])[0],
    )


class Sampler:
    """Draws packed training sequences and translation pairs; the same seed gives the same draws."""

    def __init__(self, mixture: Mixture, seed: int) -> None:
        self.mixture = mixture
        self.rng = np.random.default_rng(seed)
        self.languages = [code for code in LANGUAGES if len(mixture.documents[code])]
        sizes = np.array([len(mixture.documents[code].ids) for code in self.languages], dtype=float)
        weights = sizes**LANGUAGE_EXPONENT
        weights[self.languages.index(PIVOT)] *= ENGLISH_BOOST
        self.weights = weights / weights.sum()
        self.pools = {
            code: (
                np.flatnonzero(mixture.documents[code].short),
                np.flatnonzero(~mixture.documents[code].short),
            )
            for code in self.languages
        }

    def document(self, progress: float) -> np.ndarray:
        """Draw one document's token ids, uint16; `progress` as in `packed`."""
        late = progress > 0.6
        shares = LATE_SHARES if late else EARLY_SHARES
        draw = self.rng.random()
        if draw < shares["pair"]:
            left, right = self._group_pair()
            return np.concatenate([left, self.mixture.newline, right])
        if draw < shares["pair"] + shares["switched"]:
            return self.mixture.switched[int(self.rng.integers(len(self.mixture.switched)))]
        code = str(self.rng.choice(self.languages, p=self.weights))
        short, long = self.pools[code]
        pool = short if len(short) and (not len(long) or self.rng.random() < SHORT_SHARE) else long
        return self.mixture.documents[code][int(self.rng.choice(pool))]

    def _group_pair(self) -> tuple[np.ndarray, np.ndarray]:
        group = self.mixture.groups[int(self.rng.integers(len(self.mixture.groups)))]
        left, right = self.rng.choice(sorted(group), size=2, replace=False)
        return group[str(left)], group[str(right)]

    def packed(self, sequences: int, length: int, progress: float) -> np.ndarray:
        """Draw sequences of documents, each document after an end-of-text token.

        Args:
            sequences: Number of sequences.
            length: Tokens per sequence.
            progress: Share of the training done, 0 to 1; the weight of aligned lines grows with it.

        Returns:
            int64 `[sequences, length]`.
        """
        out = np.full((sequences, length), END_OF_TEXT_ID, dtype=np.int64)
        for row in out:
            filled = 0
            while filled < length:
                document = self.document(progress)
                if len(document) > length and self.rng.random() < 0.5:
                    start = int(self.rng.integers(len(document) - length))
                    document = document[start:]
                piece = document[: length - filled - 1]
                row[filled + 1 : filled + 1 + len(piece)] = piece
                filled += 1 + len(piece)
        return out

    def pairs(self, pairs: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw pairs of equivalent texts: translations, and lines with their code-switched form.

        Returns:
            ids: int64 `[2 * pairs, 1 + PAIR_TOKENS]`, right-padded; row i and row `pairs + i` are a pair.
            keep: bool, the same shape; False on the end-of-text prefix and on padding.
        """
        ids = np.full((2 * pairs, 1 + PAIR_TOKENS), END_OF_TEXT_ID, dtype=np.int64)
        keep = np.zeros(ids.shape, dtype=bool)
        for index in range(pairs):
            if self.rng.random() < 0.75:
                left, right = self._group_pair()
            else:
                line = int(self.rng.integers(len(self.mixture.plain)))
                left, right = self.mixture.plain[line], self.mixture.switched[line]
            for row, side in ((index, left), (pairs + index, right)):
                piece = side[:PAIR_TOKENS]
                ids[row, 1 : 1 + len(piece)] = piece
                keep[row, 1 : 1 + len(piece)] = True
        return ids, keep
