"""The SAEs' text: all of the English, and as much of each other language."""

import lzma

from recipes.sae.pool.documents import read_documents
from recipes.smollm2.text import BYTES_OF_OTHERS, OTHERS, write_text


def test_every_other_language_gives_its_first_documents_up_to_the_same_number_of_bytes(tmp_path):
    (tmp_path / "pretrain").mkdir()
    for code in ("en", *OTHERS):
        line = f"{code} é " * 20_000
        text = "".join(f"{number} {line}\n" for number in range(12))
        (tmp_path / "pretrain" / f"{code}.txt.xz").write_bytes(lzma.compress(text.encode(), preset=0))
    english, others = write_text(tmp_path, tmp_path / "work")
    assert len(list(read_documents(english))) == 12
    documents = list(read_documents(others))
    for code in OTHERS:
        own = [text for text in documents if text.split()[1] == code]
        assert [text.split()[0] for text in own] == ["0", "1", "2", "3"]
        assert sum(len(text.encode()) for text in own) <= BYTES_OF_OTHERS
