"""Headers of GGUF files: what they say, and what is said about damaged ones."""

import struct

import pytest
from scopesift_features.backbone.gguf.header import GgufHeader, is_gguf
from scopesift_features.backbone.source import GgufBackbone
from scopesift_files.errors import ScopeError


def test_metadata_and_places_are_those_of_llama_cpps_reader(gguf_file):
    import gguf

    path = gguf_file("qwen3", "Q8_0").path
    header, theirs = GgufHeader.read(path), gguf.GGUFReader(path)
    fields = {key: field for key, field in theirs.fields.items() if not key.startswith("GGUF.")}
    assert list(header.metadata) == list(fields)
    for key, field in fields.items():
        assert header.metadata[key] == field.contents(), key
    assert {
        name: (place.start, list(reversed(place.shape)), place.kind) for name, place in header.tensors.items()
    } == {
        tensor.name: (tensor.data_offset, tensor.shape.tolist(), tensor.tensor_type)
        for tensor in theirs.tensors
    }


def test_a_file_is_known_by_its_content_not_by_its_name(gguf_file, tmp_path):
    blob = tmp_path / "sha256-0123"
    blob.symlink_to(gguf_file().path)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGML")
    assert is_gguf(blob)
    assert not is_gguf(other)
    assert not is_gguf(tmp_path)
    assert not is_gguf(tmp_path / "missing")


def test_a_file_cut_short_anywhere_is_refused_in_one_line(gguf_file, tmp_path):
    whole = gguf_file().path.read_bytes()
    path = tmp_path / "short.gguf"
    for length in [5, 20, 30, 100, 2_000, 8_000, len(whole) // 2, len(whole) - 33]:
        path.write_bytes(whole[:length])
        with pytest.raises(
            ScopeError, match=rf"short\.gguf ends inside .*, after {length:,} bytes; copy"
        ) as caught:
            GgufBackbone(path).sizes()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 something else", "is not a GGUF file: it does not begin with 'GGUF'"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "is GGUF version 1, expected 2 or 3"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "names no general.architecture"),
        (b"GGUF" + struct.pack("<IQQQsI", 3, 0, 1, 1, b"a", 99), "is of unknown type 99"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**60), "ends inside its header"),
        (b"GGUF" + struct.pack("<IQQQ2sB", 3, 0, 1, 2, b"\xff\xff", 0), "cannot be read"),
    ],
)
def test_what_is_no_gguf_file_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "wrong.gguf"
    path.write_bytes(content)
    with pytest.raises(ScopeError, match=message):
        GgufHeader.read(path)


def test_one_part_of_a_split_model_is_refused(tmp_path, random_decoder, write_gguf, bpe_tokenizer):
    model = random_decoder("llama", bpe_tokenizer.get_vocab_size(), num_hidden_layers=1)
    path = write_gguf(
        tmp_path / "part.gguf",
        "llama",
        model,
        bpe_tokenizer,
        more=lambda writer: writer.add_uint16("split.count", 2),
    )
    with pytest.raises(
        ScopeError, match=r"one of 2 parts of a model; join them with `llama-gguf-split --merge`"
    ):
        GgufHeader.read(path)


@pytest.mark.parametrize("package", ["gguf", "accelerate"])
def test_a_missing_package_is_named_with_the_extra_that_has_it(gguf_file, monkeypatch, package):
    monkeypatch.setattr(
        "scopesift_features.backbone.gguf.header.find_spec",
        lambda name: None if name == package else object(),
    )
    message = rf"package {package}, which is not installed; `pip install 'scopesift\[gguf\]'`"
    with pytest.raises(ScopeError, match=message):
        GgufHeader.read(gguf_file().path)
