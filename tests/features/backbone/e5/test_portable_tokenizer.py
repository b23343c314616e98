"""tokenizer.json for other runtimes gives the same ids as the exact table, whatever the text."""

import random

import pytest

# of every kind that composes with what stands before: Latin, Arabic, Hebrew, Japanese, Korean, Indic
MARKS = "\u0301\u0327\u064b\u05b8\u3099\u309a\u11a8\u1161\u093c\u0bd7\u200d\ufe0f"
A_TEXT = 100


@pytest.fixture(scope="module")
def portable(reader):
    from tokenizers import Tokenizer

    backend = Tokenizer.from_str(reader.tokenizer.to_json())
    backend.encode_special_tokens = True
    return backend


def differing(reader, portable, texts):
    ours = [found.ids_T.tolist() for found in reader.tokenizer.encode(texts)]
    theirs = [found.ids for found in portable.encode_batch(texts, add_special_tokens=False)]
    return [text for text, one, two in zip(texts, ours, theirs, strict=True) if one != two]


def in_texts(words):
    return [" ".join(words[at : at + A_TEXT]) for at in range(0, len(words), A_TEXT)]


def test_texts_in_many_scripts_have_the_same_tokens(reader, portable, texts):
    more = [
        "",
        "   ",
        "a\tb\r\nc",
        "ﬁve ½ ① ㈱ ＡＢＣ ～ ~ ｶﾞ",
        "👨‍👩‍👧 \u200b \ufeff",
        "a</s> <pad><unk> <s",
        "query: ",
    ]
    assert differing(reader, portable, [*texts, *more]) == []


def test_every_code_point_gives_the_same_tokens_assigned_or_not(reader, portable):
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    assert differing(reader, portable, in_texts([f"a{one}b" for one in points])) == []


def test_what_the_table_replaces_composes_with_no_mark_behind_it(reader, portable):
    table = [chr(point) for point in reader.source.file.replacements()]
    assert differing(reader, portable, in_texts([f"{one}{mark}" for one in table for mark in MARKS])) == []


def test_random_characters_give_the_same_tokens(reader, portable):
    table = [chr(point) for point in reader.source.file.replacements()]
    rng = random.Random(0)
    pool = [
        *rng.sample(table, 300),
        *MARKS * 10,
        *"ae각ก～\u0001\u0002\u0003\u0008\u000b\x7f \t",
        *map(chr, range(0x300, 0x370)),
    ]
    texts = ["".join(rng.choices(pool, k=rng.randrange(1, 30))) for _ in range(5000)]
    assert differing(reader, portable, texts) == []


def test_a_table_that_deletes_too_little_to_hide_behind_is_refused():
    from scopesift_features.tokenizing.portable_normaliser import portable_normaliser
    from scopesift_files.errors import ScopeError

    with pytest.raises(ScopeError, match="its table deletes 0 characters, and"):
        portable_normaliser({0xBD: "1/2"}, frozenset("a～"))
