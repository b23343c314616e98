"""Real labelled texts for the ONNX bars: 16 languages, three tasks, from a data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import read_labelled

from recipes.bundled.domain import domain_rows
from recipes.nano.corpus import LANGUAGES

TOXIC_LANGUAGES = ("en", "de", "fr", "pt", "zh", "ko", "ar", "ja")


@dataclass(frozen=True)
class LabelledPool:
    """Texts, and for each the labels that its source gives.

    Attributes:
        texts: The texts.
        labels: By classifier name, position in `texts` to label; toxicity in English only, which its rule is for.
        languages: The different languages of the texts.
    """

    texts: list[str]
    labels: dict[str, dict[int, str]]
    languages: list[str]

    def part(self, step: int) -> LabelledPool:
        """Every `step`-th text."""
        kept = {old: new for new, old in enumerate(range(0, len(self.texts), step))}
        labels = {
            name: {kept[at]: label for at, label in found.items() if at in kept}
            for name, found in self.labels.items()
        }
        return LabelledPool(self.texts[::step], labels, self.languages)


def read_pool(data: Path, split: str, n: int, seed: int) -> LabelledPool:
    """Draw n texts of a split: of language, domain and toxicity 64%, 16% and 20%.

    Args:
        data: Folder with language/, domain/ and toxicity/.
        split: "train" or "test".
        n: How many texts.
        seed: Of the draw.

    Raises:
        UsageError, InputError: A file is missing or cannot be read.
    """
    rng = np.random.default_rng(seed)
    languages = Classifier.load("language", "nano").labels
    drawn: list[tuple[str, str | None, str, str]] = []  # task, label, text, language
    for task, share in (("language", 0.64), ("domain", 0.16)):
        if task == "domain":
            rows = domain_rows(data, split, LANGUAGES)
        else:
            rows = read_labelled(data / task / f"{split}.jsonl.gz", label="lang")
        for code in languages:
            own = [at for at, lang in enumerate(rows.langs) if lang == code]
            chosen = rng.permutation(own)[: round(n * share / len(languages))]
            drawn += [(task, rows.labels[at], rows.texts[at], code) for at in chosen]
    left = n - len(drawn)
    for code in TOXIC_LANGUAGES:
        rows = read_labelled(data / "toxicity" / f"{code}.jsonl.gz", split=split)
        most = left // 2 if code == "en" else left // 12
        for at in rng.permutation(len(rows.texts))[:most]:
            drawn.append(("toxicity", rows.labels[at] if code == "en" else None, rows.texts[at], code))
    drawn = [drawn[at] for at in rng.permutation(len(drawn))]
    names = ("toxicity", "language", "domain")
    labels = {
        name: {at: one[1] for at, one in enumerate(drawn) if one[0] == name and one[1] is not None}
        for name in names
    }
    return LabelledPool([one[2] for one in drawn], labels, sorted({one[3] for one in drawn}))


def read_task(data: Path, task: str, n: int, seed: int) -> list[str]:
    """Draw n training texts of one task: what a user of that classifier has at hand to calibrate on.

    Args:
        data: Folder with language/, domain/ and toxicity/.
        task: Name of a bundled classifier; for toxicity half of the texts are English.
        n: How many texts.
        seed: Of the draw.

    Raises:
        UsageError, InputError: A file is missing or cannot be read.
    """
    rng = np.random.default_rng(seed)
    if task == "toxicity":
        shares = {code: n // 2 if code == "en" else n // 14 for code in TOXIC_LANGUAGES}
        texts: list[str] = []
        for code, most in shares.items():
            rows = read_labelled(data / "toxicity" / f"{code}.jsonl.gz", split="train")
            texts += [rows.texts[at] for at in rng.permutation(len(rows.texts))[:most]]
        return [texts[at] for at in rng.permutation(len(texts))]
    if task == "domain":
        rows = domain_rows(data, "train", LANGUAGES)
    else:
        rows = read_labelled(data / task / "train.jsonl.gz", label="lang")
    known = set(Classifier.load("language", "nano").labels)
    own = [at for at, lang in enumerate(rows.langs) if lang in known]
    return [rows.texts[at] for at in rng.permutation(own)[:n]]
