"""The first short texts are tokenised with the pieces that occur in them, to the same tokens."""

from __future__ import annotations

import numpy as np
import pytest
from scopesift_features.backbone.e5 import tokenizer as e5
from scopesift_features.scope import Scope

TEXTS = [
    "You are a wonderful person, and I mean it.",
    "",
    "  \n ",
    "Der Zug fällt aus: na\u0308chster um 7:42 Uhr 🙂🙃 ﷽",
    "</s> spelled <mask> out <unk>",
    "今天天气很好，ภาษาไทย हिन्दी አማርኛ",
    "\ud800lone \U0001f9ff\U000e0041 ☃\u2028▁▁ x",
]


@pytest.fixture(scope="module")
def file():
    return Scope.load("e5", device="cpu").source.file


def _encoded(tokenizer, text, offsets):
    ((ids_T, spans_T2),) = tokenizer.encode([text], offsets=offsets)
    return ids_T.tolist(), spans_T2.tolist()


def test_few_pieces_give_the_tokens_of_all(file, monkeypatch):
    monkeypatch.setattr(e5, "FEW_CALLS", 1000)
    few, whole = e5.E5Tokenizer(file), e5.E5Tokenizer(file)
    whole.load()
    for text in TEXTS:
        for offsets in (True, False):
            assert _encoded(few, text, offsets) == _encoded(whole, text, offsets)
    together = [ids_T.tolist() for ids_T, _ in few.encode(TEXTS)]
    assert together == [ids_T.tolist() for ids_T, _ in whole.encode(TEXTS)]
    for name in ("<s>", "▁que", "</s>", "no such piece", "x" * 100):
        assert few.token_id(name) == whole.token_id(name)
    assert "backend" not in few.__dict__


def test_many_or_long_texts_index_the_vocabulary(file):
    for texts in ([TEXTS[0]] * 1000, ["word " * 1000]):
        tokenizer = e5.E5Tokenizer(file)
        tokenizer.encode(texts)
        list(tokenizer.encode(texts))
        assert "backend" in tokenizer.__dict__


def test_no_two_pieces_have_the_same_hash(file):
    hashes, _ = file.stored_pieces()._by_hash
    assert (np.diff(hashes) > 0).all()
