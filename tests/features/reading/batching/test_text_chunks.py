from scopesift_features.reading.batching.text_chunks import CHUNK_CHARACTERS, CHUNK_TEXTS, text_chunks


def test_chunks_are_bounded_in_texts_and_characters_and_cover_all_texts():
    short = ["a"] * (2 * CHUNK_TEXTS + 1)
    assert list(text_chunks(short)) == [
        (0, CHUNK_TEXTS), (CHUNK_TEXTS, 2 * CHUNK_TEXTS), (2 * CHUNK_TEXTS, 2 * CHUNK_TEXTS + 1),
    ]  # fmt: skip
    half = "b" * (CHUNK_CHARACTERS // 2)
    assert list(text_chunks([half, half, "c", half * 3, "d"])) == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert list(text_chunks([])) == []
