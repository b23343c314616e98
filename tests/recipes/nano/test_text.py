import lzma
import random

import numpy as np
import pytest

from recipes.nano.alignment import code_switch, count_word_table, translation_groups, words_of
from recipes.nano.corpus import LANGUAGES, encode_lines, read_corpus
from recipes.nano.mixture import END_OF_TEXT_ID, PAIR_TOKENS, EncodedLines, Mixture, Sampler, hold_out_groups
from recipes.nano.tokenizer import END_OF_TEXT, train_tokenizer

GROUPS = [
    {"en": "the dog sleeps here", "de": "der hund schläft hier", "fr": "le chien dort ici"},
    {"en": "the dog eats bread", "de": "der hund frisst brot", "fr": "le chien mange du pain"},
    {"en": "a cat eats fish", "de": "eine katze frisst fisch", "fr": "un chat mange du poisson"},
    {"en": "a cat sleeps there", "de": "eine katze schläft dort", "fr": "un chat dort là"},
    {"en": "the old house", "de": "das alte haus", "fr": "la vieille maison"},
]


def write_xz(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as stream:
        stream.write("".join(line + "\n" for line in lines))


@pytest.fixture
def data(tmp_path):
    for code in LANGUAGES:
        own = [group[code] for group in GROUPS if code in group]
        write_xz(tmp_path / "pretrain" / f"{code}.txt.xz", [*own, *(f"{code} line {i}" for i in range(400))])
    pairs = [(group["en"], group["de"]) for group in GROUPS] + [
        (group["de"], group["fr"]) for group in GROUPS
    ]
    write_xz(tmp_path / "pretrain" / "parallel.txt.xz", ["\t".join(pair) for pair in pairs])
    return tmp_path


def test_dev_lines_are_held_out_and_the_same_every_time(data):
    (train, dev), (_, again) = read_corpus(data), read_corpus(data)
    assert dev == again
    assert any(dev.values())
    assert all(not set(train[code]) & set(dev[code]) for code in LANGUAGES)


def test_a_missing_language_file_is_named(data):
    (data / "pretrain" / "ko.txt.xz").unlink()
    with pytest.raises(FileNotFoundError, match=r"ko\.txt\.xz"):
        read_corpus(data)


def test_pairs_that_share_a_sentence_become_one_group(data):
    train, dev = read_corpus(data)
    groups = translation_groups(data, {code: train[code] + dev[code] for code in LANGUAGES})
    assert {frozenset(group.items()) for group in groups} == {frozenset(group.items()) for group in GROUPS}


def test_the_word_table_finds_words_that_occur_together():
    table = count_word_table(GROUPS)
    assert table["de"]["dog"] == "hund"
    assert table["fr"]["cat"] == "chat"


def test_code_switching_replaces_known_words_and_keeps_the_rest():
    table = {"de": {"dog": "hund", "eats": "frisst", "bread": "brot"}}
    mixed = code_switch("The dog eats bread, honestly!", "en", table, random.Random(1))
    assert mixed is not None
    assert mixed.endswith("honestly!")
    assert "hund" in mixed or "frisst" in mixed
    assert code_switch("Nothing known", "en", table, random.Random(1)) is None


def test_languages_without_spaces_are_split_into_character_runs():
    assert words_of("你好吗", "zh") == {"你好", "好吗", "你好吗"}


def test_the_tokenizer_gives_back_what_it_was_given():
    tokenizer = train_tokenizer({"en": ["hello world " * 20], "zh": ["你好 世界 " * 20]})
    for text in ("hello 你好 😀", "a\n\nb\t c", "naïve"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.token_to_id(END_OF_TEXT) == END_OF_TEXT_ID


def mixture_of(lines):
    tokenizer = train_tokenizer({"en": lines})
    encoded = encode_lines(tokenizer, lines)
    empty = EncodedLines(np.zeros(0, np.uint16), np.zeros(1, np.int64), np.zeros(0, bool))
    documents = {code: (encoded if code == "en" else empty) for code in LANGUAGES}
    groups = [{"en": encoded[0], "de": encoded[1]}]
    return Mixture(documents, documents, groups, [], encoded, encoded, encode_lines(tokenizer, ["\n"])[0])


def test_packed_sequences_are_full_and_start_with_the_prefix():
    sampler = Sampler(mixture_of(["one two three", "four five six seven", "eight " * 200]), seed=0)
    packed = sampler.packed(16, 64, progress=0.9)
    assert packed.shape == (16, 64)
    assert (packed[:, 0] == END_OF_TEXT_ID).all()
    assert ((packed == END_OF_TEXT_ID).mean(axis=1) < 0.7).all()


def test_pairs_keep_neither_prefix_nor_padding():
    sampler = Sampler(mixture_of(["one two three", "four five six seven", "eight " * 200]), seed=0)
    ids, keep = sampler.pairs(8)
    assert ids.shape == (16, 1 + PAIR_TOKENS)
    assert not keep[:, 0].any()
    assert (ids[keep] != END_OF_TEXT_ID).all()
    assert (ids[~keep] == END_OF_TEXT_ID).all()


def test_groups_are_held_out_only_where_every_language_has_a_sentence():
    full = [{code: f"{code} {i}" for code in LANGUAGES} for i in range(10)]
    train, held = hold_out_groups([*full, {"en": "x", "de": "y"}])
    assert len(held) == 5
    assert len(train) == 6
    assert all(len(group) == len(LANGUAGES) for group in held)
