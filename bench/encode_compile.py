"""`python -m bench.encode_compile`: do the Triton kernels compile for an H100 and fit it? Needs no GPU.

Triton brings its own assembler. Run it without TRITON_INTERPRET, with the Triton version that the GPU machine has.
"""

from __future__ import annotations

from typing import Any

import triton
from scopesift_kernels import triton_select, triton_tiles
from scopesift_kernels.rank_keys import NONE
from scopesift_kernels.triton_launch import HALF
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

SHARED_MEMORY = 227 * 1024
_OPERANDS = {
    "x_desc": f"tensordesc<bf16[{HALF.rows}, {HALF.depth}]>",
    "W_desc": f"tensordesc<bf16[{HALF.columns}, {HALF.depth}]>",
    "b_ptr": "*fp32",
}
_SIZES = {
    "ROWS": HALF.rows,
    "COLUMNS": HALF.columns,
    "DEPTH": HALF.depth,
    "GROUP": HALF.group,
    "PROGRAMS": 132,
}


def _typed(kind: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, kind)


# kernel, types of its arguments, compile-time values, warps
KERNELS: list[tuple[Any, dict[str, str], dict[str, int | bool], int]] = [
    (
        triton_tiles.write_pre_activations,
        _OPERANDS
        | _typed("*fp32", "pre_ptr", "hint_ptr")
        | _typed("i32", "n_rows", "n_columns", "depth", "n_blocks"),
        _SIZES | {"BLOCK": 128},
        HALF.warps,
    ),
    (
        triton_tiles.count_larger,
        _OPERANDS
        | _typed("*i32", "feature_ptr", "count_ptr")
        | {"value_ptr": "*fp32"}
        | _typed("i32", "n_rows", "n_columns", "depth"),
        _SIZES | {"PAIRS": 4},
        HALF.warps,
    ),
    (
        triton_select.find_hot_blocks,
        {"hint_ptr": "*fp32"}
        | _typed("*i32", "least_ptr", "block_ptr", "count_ptr", "bound_ptr")
        | _typed("i32", "n_blocks", "k"),
        {"SEARCH": True, "WIDTH": 256},
        1,
    ),
    (
        triton_select.collect_candidates,
        {"pre_ptr": "*fp32", "key_ptr": "*i64"}
        | _typed("*i32", "block_ptr", "count_ptr", "bound_ptr", "found_ptr", "overflow_ptr")
        | _typed("i32", "n_columns", "n_blocks", "first"),
        {"ROOM": 206, "BLOCK": 128, "AT_ONCE": 8},
        1,
    ),
    (
        triton_select.rank_candidates,
        _typed("*i64", "running_ptr", "key_ptr", "ranked_ptr")
        | _typed("*i32", "found_ptr", "least_ptr")
        | {"k": "i32"},
        {"NONE": NONE, "ROOM": 206, "WIDTH": 256, "TOP": 64},
        1,
    ),
]


def run() -> None:
    """Compile every kernel for sm_90 and print what it takes.

    Raises:
        RuntimeError: a kernel needs more shared memory than there is, or a product doesn't use the tensor cores.
    """
    for kernel, types, values, warps in KERNELS:
        names = kernel.arg_names
        source = ASTSource(
            fn=kernel,
            signature={name: types.get(name, "constexpr") for name in names},
            constexprs={(names.index(name),): value for name, value in values.items()},
            attrs={(names.index(n),): [["tt.divisibility", 16]] for n in types if types[n].startswith("*")},
        )
        options = {"num_warps": warps, "num_stages": HALF.stages}
        compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
        tensor_cores = compiled.asm["ptx"].count("wgmma.mma_async")
        print(
            f"{kernel.__name__}: {compiled.metadata.shared} bytes shared, {tensor_cores} tensor-core instructions"
        )
        if compiled.metadata.shared > SHARED_MEMORY:
            raise RuntimeError(f"{kernel.__name__} doesn't fit the {SHARED_MEMORY} bytes of an H100")
        if "x_desc" in types and not tensor_cores:
            raise RuntimeError(f"{kernel.__name__} doesn't use the tensor cores")


if __name__ == "__main__":
    run()
