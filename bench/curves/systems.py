"""The systems that are timed: both back ends of scopesift, and other people's ways, on the same texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import torch
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine, floors_of
from scopesift_features.reading.onnx.reader import OnnxReader
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.torch_reader import TorchReader
from scopesift_features.scope import Scope

Run = Callable[[Sequence[str]], object]
"""Classifies texts; the result is dropped."""
READERS: dict[str, Callable[..., SelectedReader]] = {"ONNX Runtime": OnnxReader, "torch": TorchReader}
XLMR, E5_WHOLE, LANGID, TFIDF = (
    "XLM-R base (Detoxify's shape, random weights)",
    "e5, all 12 blocks, as sentence-transformers runs it",
    "py3langid",
    "TF-IDF + logistic regression",
)
BATCH_TEXTS = 32
"""Texts of a batch in sentence-transformers; XLM-R gets the same."""
_ROWS = 1000
"""Rows of the random models' word embeddings; looking up a row costs the same in a large one."""


def classifying(scope: Scope, classifiers: Sequence[Classifier], back_end: str) -> Run:
    """From texts to answers without evidence, as the filter asks for them."""
    engine = Engine(scope, classifiers)
    floors = floors_of(classifiers)
    features = [replace(feature, floor=float(floors[feature])) for feature in engine.features]
    reader = READERS[back_end](scope, features).without_places()

    def run(texts: Sequence[str]) -> None:
        forms = engine.forms(texts)
        engine.answers(reader.read(forms.texts).acts_NS, forms)

    return run


def transformer(scope: Scope, width: int, inner: int) -> Run:
    """A BERT of 12 blocks with random weights and mean pooling, in float32 with torch.

    Args:
        scope: Its tokenizer, XLM-R's, is used.
        width: Of the residual stream.
        inner: Of the feed-forward.
    """
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=_ROWS, hidden_size=width, intermediate_size=inner, num_attention_heads=12)
    model = BertModel(config, add_pooling_layer=False).eval()

    @torch.inference_mode()
    def run(texts: Sequence[str]) -> None:
        ids = [one.ids_T[:510] % _ROWS for one in scope.tokenizer.encode(texts, offsets=False)]
        ids.sort(key=len, reverse=True)
        for begin in range(0, len(ids), BATCH_TEXTS):
            part = ids[begin : begin + BATCH_TEXTS]
            ids_BT = np.zeros((len(part), max(map(len, part))), dtype=np.int64)
            mask_BT = np.zeros_like(ids_BT)
            for row, own in enumerate(part):
                ids_BT[row, : len(own)], mask_BT[row, : len(own)] = own, 1
            mask = torch.from_numpy(mask_BT)
            last_BTD = model(input_ids=torch.from_numpy(ids_BT), attention_mask=mask).last_hidden_state
            (last_BTD * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    return run


def language_identifier() -> Run | None:
    """py3langid's verdicts; None where it is not installed."""
    if find_spec("py3langid") is None:
        return None
    import py3langid

    return lambda texts: [py3langid.classify(text) for text in texts]


def words(texts: Sequence[str]) -> Run:
    """Character TF-IDF with logistic regression, as in the baselines, fitted on `texts` with labels by chance."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)), LogisticRegression())
    pipeline.fit(texts, np.arange(len(texts)) % 2)
    return lambda asked: pipeline.predict_proba(list(asked))


def others(scope: Scope, texts: Sequence[str]) -> dict[str, Run]:
    """The other systems by name."""
    found = {
        XLMR: transformer(scope, 768, 3072),
        E5_WHOLE: transformer(scope, 384, 1536),
        TFIDF: words(texts),
    }
    identifier = language_identifier()
    return found if identifier is None else {**found, LANGID: identifier}
