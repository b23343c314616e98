"""`python -m bench encode-compilation`: compiles the Triton kernels for an H100 and checks their resources.

Triton includes its own assembler. Run it without TRITON_INTERPRET, with the GPU machine's version of Triton.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import triton
from scopesift_kernels.rank_keys import NONE
from scopesift_kernels.triton import candidates, hopper, rounds, tiles
from scopesift_kernels.triton.tuning import TileShape, TritonTuning
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.experimental.gluon import language as gl
from triton.experimental.gluon._runtime import GluonASTSource

from bench.errors import BenchError
from bench.markdown import markdown

TUNING = TritonTuning()
SHARED_MEMORY = 227 * 1024
ENCODER = ("n_columns", "depth", "n_blocks", "first", "pre_stride", "hint_stride")
Case = tuple[str, Any, dict[str, str], dict[str, Any], int]
"""Name in the table, kernel, types of its arguments, compile-time values, warps."""
# A few words that are spilled once before the loop cost nothing. On Hopper the product for bounds is not this one.
MOST_SPILLED, MOST_SPILLED_BOUNDED = 64, 128


def _typed(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


def _products(name: str, dtype: str, shape: TileShape, parts: int) -> list[Case]:
    operands = {
        "x_desc": f"tensordesc<{dtype}[{shape.rows}, {shape.depth}]>",
        "W_desc": f"tensordesc<{dtype}[{shape.columns}, {shape.depth}]>",
    }
    sizes = {
        "ROWS": shape.rows, "COLUMNS": shape.columns, "DEPTH": shape.depth, "PARTS": parts,
        "GROUP": shape.group, "PROGRAMS": 132,
    }  # fmt: skip
    write = (
        operands
        | _typed("*fp32", "b_ptr pre_ptr hint_ptr bound_ptr")
        | _typed("i32", "n_rows n_columns depth n_blocks pre_stride hint_stride")
    )
    plain = {kind: value for kind, value in write.items() if kind != "bound_ptr"}
    count = (
        operands
        | _typed("*fp32", "b_ptr value_ptr")
        | _typed("*i32", "feature_ptr count_ptr n_asked_ptr")
        | _typed("i32", "n_columns depth room most")
    )
    return [
        *(
            (f"write{what}, {name}", tiles.write_pre_activations, types, sizes | values, shape.warps)
            for what, types, values in (
                ("", plain, {"BLOCK": 0, "BOUNDED": False, "bound_ptr": None}),
                (" with maxima", plain, {"BLOCK": 32, "BOUNDED": False, "bound_ptr": None}),
                (" what reaches a bound", write, {"BLOCK": 32, "BOUNDED": True}),
            )
        ),
        (f"count, {name}", tiles.count_larger, count, sizes | {"SLOTS": TUNING.slots}, shape.warps),
    ]


def _hopper() -> list[Case]:
    """The product in Gluon, with and without bounds."""
    shape, layouts = TUNING.half, {}
    for name, rows in (("x_desc", hopper.HALF), ("W_desc", shape.columns)):
        layout = gl.NVMMASharedLayout.get_default_for([rows, shape.depth], gl.bfloat16)
        layouts[name] = f"tensordesc<bf16[{rows}, {shape.depth}],{layout!r}>"
    types = layouts | _typed("*fp32", "b_ptr pre_ptr hint_ptr bound_ptr")
    types |= _typed("i32", "n_rows n_columns depth n_blocks pre_stride hint_stride")
    values = {"STAGES": hopper.STAGES, "GROUP": hopper.GROUP, "BLOCK": 32, "EVEN": True, "PROGRAMS": 132}
    plain = {name: kind for name, kind in types.items() if name != "bound_ptr"}
    return [
        (
            f"for Hopper{what}, {dtype}", hopper.write_warp_specialized, kinds, values | {"PARTS": parts} | more,
            hopper.WARPS,
        )
        for dtype, parts in (("bfloat16", 1), ("bfloat16 by float32", 3))
        for what, kinds, more in (
            ("", plain, {"BOUNDED": False, "bound_ptr": None}),
            (", bounded", types, {"BOUNDED": True}),
            (", bounded, any number of features", types, {"BOUNDED": True, "EVEN": False}),
        )
    ]  # fmt: skip


def _cases() -> list[Case]:
    """Every kernel, with the sizes of Qwen3-1.7B's encoders of k 50."""
    known = _typed("*i64", "refuted_ptr member_ptr")
    bounds = _typed("*fp32", "hint_ptr bound_ptr") | _typed("i32", "n_rows n_blocks hint_stride k")
    select = _typed("*fp32", "hint_ptr pre_ptr bound_ptr spills_ptr") | _typed(
        "*i32", "block_ptr spilled_ptr"
    )
    select |= _typed("*i64", "key_ptr running_ptr") | _typed("i32", "n_blocks n_columns k first")
    search = {
        "KNOWN": True, "MERGE": False, "SEARCH": True, "BITS": TUNING.bound_bits, "WIDTH": 1024, "TOGETHER": 4,
        "BLOCK": 32, "AT_ONCE": TUNING.blocks_at_once, "ROOM": 206, "FEW": 64, "MANY": 256, "TOP": 64, "NONE": NONE,
    }  # fmt: skip
    unpack = _typed("*i64", "key_ptr index_ptr") | {"value_ptr": "*fp32"}
    starts = known | _typed("*i64", "document_ptr winner_ptr") | {"maximum_ptr": "*fp32"}
    starts |= _typed("*i32", "start_ptr used_ptr disorder_ptr")
    asked = known | _typed("*fp32", "pre_ptr floor_ptr") | _typed("*i64", "feature_ptr winner_ptr")
    lead = (
        asked
        | _typed("*fp32", "maximum_ptr value_ptr")
        | _typed("*i32", "start_ptr used_ptr asked_ptr token_ptr counts_ptr")
    )
    leaders = {"OPEN": -2, "ROWS": TUNING.leader_rows, "COLUMNS": TUNING.leader_columns}
    undecided = asked | {"document_ptr": "*i64", "undecided_ptr": "*i32"}
    gather = (
        _typed("*bf16", "x_ptr gathered_ptr")
        | _typed("*fp32", "value_ptr row_value_ptr")
        | _typed("*i32", "token_ptr used_ptr asked_ptr counts_ptr row_asked_ptr row_count_ptr")
    )
    learn = (
        known
        | {"row_value_ptr": "*fp32"}
        | _typed("*i32", "token_ptr used_ptr counts_ptr row_asked_ptr row_count_ptr")
    )
    return [
        *_hopper(),
        *_products("bfloat16", "bf16", TUNING.half, 1),
        *_products("bfloat16 by float32", "bf16", TUNING.half, 3),
        *_products("float32", "fp32", TUNING.full, 1),
        (
            "bounds", candidates.find_bounds, bounds,
            {"BITS": TUNING.bound_bits, "WIDTH": 256, "ROWS": TUNING.bound_rows}, 4,
        ),
        ("selection", candidates.select_candidates, select, search, 1),
        ("selection, merging", candidates.select_candidates, select, search | {"MERGE": True, "FEW": 128}, 1),
        ("unpacking", candidates.unpack_keys, unpack | {"n_keys": "i32"}, {"SIZE": TUNING.keys_at_once}, 4),
        (
            "beginning", rounds.begin, starts | _typed("i32", "n_tokens n_documents n_groups n_used"),
            {"NOTHING": NONE, "EVERYTHING": 2**63 - 1, "OPEN": -2, "SIZE": TUNING.begin_size}, 4,
        ),
        (
            "leaders", rounds.find_leaders, lead | _typed("i32", "n_selected room"),
            leaders | {"SLOTS": TUNING.slots}, 4,
        ),
        (
            "gather", rounds.gather_asked,
            gather | _typed("i32", "depth token_stride depth_stride width room most"),
            {"SLOTS": TUNING.slots, "WIDTH": 2048}, 4,
        ),
        (
            "learn", rounds.learn, learn | _typed("i32", "k room most"),
            {"SLOTS": TUNING.slots, "ROWS": TUNING.learn_rows}, 4,
        ),
        (
            "undecided", rounds.find_undecided, undecided | _typed("i32", "n_tokens n_selected"),
            leaders, 4,
        ),
    ]  # fmt: skip


def run() -> None:
    """Compile every kernel for sm_90 and print its resources.

    Raises:
        BenchError: a kernel needs more shared memory than there is, spills registers, or is a product of 16-bit
            numbers that doesn't use the tensor cores.
    """
    rows, faults = [], []
    cases = [(case, whole) for case in _cases() for whole in (True, False)]
    for (name, kernel, types, values, warps), whole in cases:
        names = kernel.arg_names
        name = name if whole else f"{name}, any number of tokens"
        # arguments declared as multiples of 16: addresses, the encoder's sizes, others if they are
        even = [item for item, kind in types.items() if whole or kind.startswith("*") or item in ENCODER]
        in_gluon = kernel.is_gluon()
        source = (GluonASTSource if in_gluon else ASTSource)(
            fn=kernel,
            signature={argument: types.get(argument, "constexpr") for argument in names},
            constexprs={(names.index(argument),): value for argument, value in values.items()},
            attrs={(names.index(argument),): [["tt.divisibility", 16]] for argument in even},
        )
        limit = {"maxnreg": hopper.MOST_REGISTERS} if in_gluon else {"num_stages": TUNING.half.stages}
        options = {"num_warps": warps, **limit}
        compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
        tensor_cores = compiled.asm["ptx"].count("wgmma.mma_async")
        registers, spilled = _registers(compiled.asm["ptx"])
        rows.append([name, f"{compiled.metadata.shared:,}", str(registers), str(spilled), str(tensor_cores)])
        if compiled.metadata.shared > SHARED_MEMORY:
            faults.append(f"{name} doesn't fit the {SHARED_MEMORY} bytes of an H100")
        if spilled > (MOST_SPILLED_BOUNDED if values.get("BOUNDED") else MOST_SPILLED):
            faults.append(f"{name} spills {spilled} bytes of registers")
        if "bf16[" in types.get("x_desc", "") and not tensor_cores:
            faults.append(f"{name} doesn't use the tensor cores")
    print(
        markdown(["kernel", "shared, bytes", "registers", "spilled, bytes", "tensor-core instructions"], rows)
    )
    print(f"\nTriton {triton.__version__}, sm_90")
    if faults:
        raise BenchError("; ".join(faults))


def _registers(ptx: str) -> tuple[int, int]:
    """Registers per thread, and bytes of spilled registers."""
    assembler = next(Path(triton.__file__).parent.rglob("bin/ptxas"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.ptx"
        path.write_text(ptx, encoding="utf-8")
        command = [
            str(assembler),
            "-v",
            "--gpu-name=sm_90a",
            str(path),
            "-o",
            str(path.with_suffix(".cubin")),
        ]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr  # noqa: S603
    registers = max(int(found) for found in re.findall(r"Used (\d+) registers", said))
    return registers, sum(int(found) for found in re.findall(r"(\d+) bytes spill stores", said))
