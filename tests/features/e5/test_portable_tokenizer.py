"""tokenizer.json for other runtimes cuts texts as the exact table does."""

import unicodedata

import pytest


@pytest.fixture(scope="module")
def portable(reader):
    from tokenizers import Tokenizer

    return Tokenizer.from_str(reader.source.tokenizer_json().decode())


def same(reader, portable, texts):
    ours = [found.ids_T.tolist() for found in reader.tokenizer.encode(texts)]
    theirs = [found.ids for found in portable.encode_batch(texts, add_special_tokens=False)]
    return [text for text, one, two in zip(texts, ours, theirs, strict=True) if one != two]


def test_texts_in_many_scripts_have_the_same_tokens(reader, portable, texts):
    more = [
        "",
        "   ",
        "a\tb\nc",
        "e\u0301te\u0301 \u1112\u1161\u11ab",
        "ﬁve ½ ① ㈱ ＡＢＣ ～ ~",
        "👨‍👩‍👧 \u200b \ufeff",
    ]
    assert same(reader, portable, [*texts, *more]) == []


def test_every_code_point_of_the_table_has_the_same_tokens(reader, portable):
    table = reader.source.file.replacements()
    points = [chr(point) for point in table if unicodedata.normalize("NFC", chr(point)) == chr(point)]
    assert len(points) > 3000
    assert same(reader, portable, [f"a{character}b {character}" for character in points]) == []


def test_what_nfkc_changes_beside_the_table_is_younger_than_unicode_3(reader, portable):
    table = reader.source.file.replacements()
    characters = (chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    beside = [
        one
        for one in characters
        if ord(one) not in table and unicodedata.normalize("NFKC", one) != unicodedata.normalize("NFC", one)
    ]
    for text in beside:
        if same(reader, portable, [text]):
            assert unicodedata.ucd_3_2_0.category(text) == "Cn", f"U+{ord(text):04X}"
