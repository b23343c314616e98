"""The commands of `python -m bench` that time the encode kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.options import Out, Quick, ScopeName

app = typer.Typer()


@app.command()
def encode(
    out: Out = None,
    quick: Quick = False,
    only: Annotated[
        list[str] | None, typer.Option(help="A shape of the table, or memory; may be repeated.")
    ] = None,
    float32: Annotated[
        bool,
        typer.Option("--float32", help="As on a processor without bfloat16 instructions; rows of their own."),
    ] = False,
) -> None:
    """Time the encodes as ratios to the bare product of the same run."""
    from bench.encode.run import run

    run(out, quick, only or (), float32)


@app.command()
def encode_jumprelu(out: Out = None, quick: Quick = False) -> None:
    """Time the encodes of JumpReLU SAEs as ratios to the bare product of the same run."""
    from bench.encode.jumprelu import run

    run(out, quick)


@app.command()
def encode_real(
    data: Annotated[Path, typer.Option(help="Labelled text: JSONL, CSV or Parquet.")],
    scope: ScopeName = "e5",
    out: Out = None,
) -> None:
    """Time the encodes on real residuals of a bundled scope."""
    from bench.encode.real import run

    run(data, scope, out=out)


@app.command()
def encode_tiles(out: Out = None, quick: Quick = False) -> None:
    """Time the Triton products with different tile shapes, for tuning on a GPU."""
    from bench.encode.tiles import run

    run(out, quick)


@app.command()
def encode_compilation() -> None:
    """Compile the Triton kernels for an H100, without a GPU, and print their registers and memory."""
    from bench.encode.compilation import run

    run()


@app.command()
def encode_stages(out: Out = None, quick: Quick = False) -> None:
    """Profile both encodes per kernel."""
    from bench.encode.stages import run

    run(out, quick)
