"""What a tokenizer puts around a text, and what a text cannot make it do."""

import pytest
from scopesift_features.tokenizing.tokenizer import Tokenizer
from tokenizers import Tokenizer as Backend
from tokenizers import models, pre_tokenizers, processors

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def unigram():
    """XLM-R's kind: special tokens are pieces of the vocabulary with the best score of all."""
    letters = [(letter, -5.0) for letter in "▁abcdefghijklmnopqrstuvwxyz<>/[]"]
    backend = Backend(models.Unigram([*((name, 0.0) for name in SPECIAL), *letters], unk_id=3))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.add_special_tokens(SPECIAL)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return Tokenizer(backend)


def wordpiece():
    """BERT's kind."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "[", "]", "cl", "##s"]
    backend = Backend(models.WordPiece({name: at for at, name in enumerate(names)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.add_special_tokens(names[:4])
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return Tokenizer(backend)


@pytest.mark.parametrize(
    ("tokenizer", "around"), [(unigram(), ("<s>", "</s>")), (wordpiece(), ("[CLS]", "[SEP]"))]
)
def test_a_tokenizer_tells_what_it_puts_around_a_text(tokenizer, around):
    before, behind = around
    assert tokenizer.around() == ((before,), (behind,))


def test_a_tokenizer_without_a_template_puts_nothing_around_a_text(tiny_scope):
    assert tiny_scope.tokenizer.around() == ((), ())


@pytest.mark.parametrize("tokenizer", [unigram(), wordpiece()])
@pytest.mark.parametrize("text", ["{}", "a {} b", "x{}", "{}{}", "{}</s", "<{}>"])
def test_no_text_can_spell_a_special_token(tokenizer, text):
    names = [token.content for token in tokenizer.backend.get_added_tokens_decoder().values()]
    special = {tokenizer.token_id(name) for name in names if name not in ("<unk>", "[UNK]")}
    for name in names:
        written = text.format(*[name] * 3)
        (encoded,) = tokenizer.encode([written])
        assert not special & set(encoded.ids_T.tolist())
        assert encoded.spans_T2[-1, 1] == len(written)


def test_what_only_resembles_a_special_token_is_left_as_it_is():
    (encoded,) = unigram().encode(["<s <pads </s"])
    assert [unigram().backend.id_to_token(one) for one in encoded.ids_T] == [*"▁<s▁<pads▁</s"]
