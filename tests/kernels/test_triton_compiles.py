"""The kernels compile for an H100 and fit it, on a machine that has none: Triton brings its own assembler."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

# In a process of its own, since Triton decides at import whether kernels are compiled or interpreted.
PROGRAM = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from scopesift_kernels import triton_launch, triton_select, triton_tiles

def shared(kernel, signature, constants, warps, stages):
    names = kernel.arg_names
    source = ASTSource(
        fn=kernel,
        signature={n: signature.get(n, "constexpr") for n in names},
        constexprs={(names.index(n),): v for n, v in constants.items()},
        attrs={(names.index(n),): [["tt.divisibility", 16]] for n in signature if signature[n].startswith("*")},
    )
    options = dict(num_warps=warps, num_stages=stages)
    compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    return compiled.metadata.shared, compiled.asm["ptx"]

def rows(*names):
    return {n: "i32" for n in names}

tile = triton_launch.HALF
operands = {
    "x_desc": f"tensordesc<bf16[{tile.rows}, {tile.depth}]>",
    "W_desc": f"tensordesc<bf16[{tile.columns}, {tile.depth}]>",
    "b_ptr": "*fp32",
}
sizes = dict(ROWS=tile.rows, COLUMNS=tile.columns, DEPTH=tile.depth, GROUP=tile.group, PROGRAMS=132)
for kernel, signature, constants, warps in (
    (triton_tiles.write_pre_activations,
     operands | {"pre_ptr": "*fp32", "hint_ptr": "*fp32"} | rows("n_rows", "n_columns", "depth", "n_blocks"),
     sizes | {"BLOCK": 128}, tile.warps),
    (triton_tiles.count_larger,
     operands | {"value_ptr": "*fp32", "feature_ptr": "*i32", "count_ptr": "*i32"}
     | rows("n_rows", "n_columns", "depth"), sizes | {"PAIRS": 4}, tile.warps),
    (triton_select.find_hot_blocks,
     {"hint_ptr": "*fp32"} | {n: "*i32" for n in ("least_ptr", "block_ptr", "count_ptr", "bound_ptr")}
     | rows("n_blocks", "k"), {"SEARCH": True, "WIDTH": 256}, 1),
    (triton_select.collect_candidates,
     {"pre_ptr": "*fp32", "key_ptr": "*i64"}
     | {n: "*i32" for n in ("block_ptr", "count_ptr", "bound_ptr", "found_ptr", "overflow_ptr")}
     | rows("n_columns", "n_blocks", "first"), {"ROOM": 206, "BLOCK": 128, "AT_ONCE": 8}, 1),
    (triton_select.rank_candidates,
     {"running_ptr": "*i64", "key_ptr": "*i64", "ranked_ptr": "*i64", "found_ptr": "*i32", "least_ptr": "*i32"}
     | rows("k"), {"NONE": -(0x7F800001 << 32), "ROOM": 206, "WIDTH": 256, "TOP": 64}, 1),
):
    memory, code = shared(kernel, signature, constants, warps, tile.stages)
    assert memory <= 227 * 1024, f"{kernel.__name__} needs {memory} bytes of shared memory"
    if "x_desc" in signature:
        assert "wgmma.mma_async" in code, f"{kernel.__name__} doesn't use the tensor cores"
"""


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton isn't installed")
def test_every_kernel_compiles_for_hopper_and_fits_its_shared_memory(tmp_path: object) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
