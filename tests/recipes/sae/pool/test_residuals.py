"""The pool of residuals: its bound, its scale, what it leaves out."""

import numpy as np
import pytest
import torch
from scopesift_files.errors import ScopeError, UsageError

from recipes.sae.pool.on_device import PoolOnDevice
from recipes.sae.pool.residuals import PoolSize, ResidualPool

D = 8


def filled(folder, residuals, name="0", layers=(3,)):
    pool = ResidualPool(folder, layers, D, PoolSize(len(residuals), 4), {"text": "a"})
    batch = dict.fromkeys(layers, residuals)
    pool.measure_scale(batch)
    writer = pool.write_chunk(name, len(residuals))
    writer.add(batch)
    writer.commit(0)
    return pool


@pytest.mark.parametrize("layers", [1, 3, 30])
@pytest.mark.parametrize("n_bytes", [2**21, 10**8, 7 * 2**30])
def test_chunks_and_what_stands_beside_them_keep_to_the_bound(n_bytes, layers):
    size = PoolSize.within(n_bytes, d_model=16, layers=layers)
    # the training chunks, three of held-out tokens and one that is being written
    assert (size.chunks + 4) * size.chunk_tokens * 2 * 16 * layers <= n_bytes
    assert size.chunks >= 16


def test_a_bound_that_holds_nothing_useful_is_refused():
    with pytest.raises(UsageError, match=r"--pool-gib must be at least"):
        PoolSize.within(2**20, d_model=4096, layers=2)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e7])
def test_residuals_of_any_scale_come_back_to_half_precision(tmp_path, scale):
    residuals = torch.randn(500, D) * scale
    rows = np.array([499, 0, 7, 7])
    back = filled(tmp_path, residuals).take(3, rows)
    torch.testing.assert_close(back, residuals[rows], rtol=1e-3, atol=scale * 1e-6)


def test_tokens_with_extreme_norms_are_left_out_of_every_layer(tmp_path):
    residuals = torch.randn(100, D)
    sink = residuals.clone()
    sink[7] *= 1000
    pool = ResidualPool(tmp_path, (1, 2), D, PoolSize(100, 4), {})
    pool.measure_scale({1: residuals, 2: sink})
    writer = pool.write_chunk("0", 100)
    writer.add({1: residuals, 2: sink})
    writer.commit(0)
    assert (pool.rows, pool.record.seen, pool.record.extreme) == (99, 100, 1)
    for layer in (1, 2):
        kept = pool.take(layer, np.arange(99))
        torch.testing.assert_close(kept, residuals[torch.arange(100) != 7], rtol=1e-3, atol=1e-3)


def test_a_pool_is_found_again_and_one_of_other_text_is_not_used(tmp_path):
    residuals = torch.randn(50, D)
    filled(tmp_path, residuals)
    again = ResidualPool(tmp_path, (3,), D, PoolSize(50, 4), {"text": "a"})
    torch.testing.assert_close(again.take(3, np.arange(50)), residuals, rtol=1e-3, atol=1e-3)
    other = ResidualPool(tmp_path, (3,), D, PoolSize(50, 4), {"text": "b"})
    assert other.rows == 0
    assert list(tmp_path.glob("*.f16")) == []


def test_residuals_that_are_not_numbers_are_refused(tmp_path):
    with pytest.raises(ScopeError, match="median norm"):
        filled(tmp_path, torch.full((10, D), float("nan")))


def test_a_pool_copied_to_the_device_gives_the_same_tokens_also_after_a_chunk_was_replaced(tmp_path):
    pool = filled(tmp_path, torch.randn(50, D))
    copied, rows = PoolOnDevice(pool, torch.device("cpu")), np.array([49, 0, 7, 7])
    assert torch.equal(copied.take(3, rows), pool.take(3, rows))
    writer = pool.write_chunk("0", 50)
    writer.add({3: torch.randn(50, D)})
    writer.commit(generation=1)
    assert not torch.equal(copied.take(3, rows), pool.take(3, rows))
    copied.refresh()
    assert torch.equal(copied.take(3, rows), pool.take(3, rows))
