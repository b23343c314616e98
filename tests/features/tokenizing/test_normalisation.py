import unicodedata

import numpy as np
import pytest
from scopesift_features.tokenizing.normalisation import Normaliser
from scopesift_features.tokenizing.tokenizer import Tokenizer
from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers

DECOMPOSED = {
    "Korean": unicodedata.normalize("NFD", "한국어"),
    "French": unicodedata.normalize("NFD", "été"),
    "Vietnamese": unicodedata.normalize("NFD", "tiếng Việt"),
    "Hindi": "\u0928\u093c\u0940ला",
}


@pytest.mark.parametrize("text", DECOMPOSED.values(), ids=DECOMPOSED.keys())
def test_each_character_knows_every_code_point_that_was_composed_into_it(text):
    aligned = Normaliser()(text)
    assert aligned.text == unicodedata.normalize("NFC", text)
    for character, start, end in zip(aligned.text, aligned.starts_C, aligned.ends_C, strict=True):
        assert character in unicodedata.normalize("NFC", text[start:end])
    covered = {
        at for start, end in zip(aligned.starts_C, aligned.ends_C, strict=True) for at in range(start, end)
    }
    assert covered == set(range(len(text)))


def test_composed_text_is_left_as_it_is():
    aligned = Normaliser()("tiếng Việt, नीला, 한국어")
    assert aligned.starts_C is None
    assert aligned.text == "tiếng Việt, नीला, 한국어"


def test_replacements_of_any_length_keep_their_place():
    normalise = Normaliser({0xBD: "1/2", 0xFB01: "fi", 0x0B: "", 0xA0: " "})
    aligned = normalise("a\u000b½\u00a0ﬁn")
    assert aligned.text == "a1/2 fin"
    assert aligned.starts_C.tolist() == [0, 2, 2, 2, 3, 4, 4, 5]
    assert aligned.ends_C.tolist() == [1, 3, 3, 3, 4, 5, 5, 6]
    spans = np.array([[1, 4], [5, 8], [0, 0]])
    assert aligned.original(spans).tolist() == [[2, 3], [4, 6], [0, 0]]
    assert normalise("a\u00a0b").starts_C is None  # one for one: nothing moves


@pytest.mark.parametrize("normaliser", [normalizers.NFC(), normalizers.Sequence([normalizers.NFKC()])])
def test_tokens_of_a_composing_tokenizer_span_all_of_a_composed_character(normaliser):
    backend = Backend(models.WordLevel({"é": 0, "<unk>": 1}, unk_token="<unk>"))
    backend.normalizer = normaliser
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    (encoded,) = Tokenizer(backend).encode(["e\u0301 e\u0301"])
    assert encoded.ids_T.tolist() == [0, 0]
    assert encoded.spans_T2.tolist() == [[0, 2], [3, 5]]
