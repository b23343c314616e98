"""`python -m recipes.sae --scope S --layers 4,7 --text FILES… --out FOLDER`: train SAEs for a backbone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from scopesift_features.reader import Reader
from scopesift_files.errors import ScopesiftError, UsageError

from recipes.sae.run import Run, UnfinishedError
from recipes.sae.schedule import Schedule
from recipes.sae.training import TrainingSettings

STORAGE = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main(
    scope: Annotated[str, typer.Option(help="The backbone: a scope's name or folder, with or without SAEs.")],
    layers: Annotated[str, typer.Option(help="Blocks to train an SAE after, e.g. 4,7.")],
    text: Annotated[
        list[Path], typer.Option(help=".txt (a document per line) or .jsonl, also .gz .xz .zst.")
    ],
    out: Annotated[Path, typer.Option(help="Scope folder to write; SAEs of other layers in it are kept.")],
    more_text: Annotated[list[Path] | None, typer.Argument(help="More text files.", metavar="FILES…")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps; deterministic.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Alternative: minutes of training, over all layers and calls.")
    ] = None,
    call_minutes: Annotated[float, typer.Option(help="Time limit of this call.")] = math.inf,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of text to train on; default: the size of the pool.")
    ] = None,
    k: Annotated[int, typer.Option(min=1, help="Active features per token.")] = 40,
    d_sae: Annotated[
        int | None, typer.Option(min=1, help="Number of features; default: 16 times the width.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Tokens per step.")] = 4096,
    rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 1e-3,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights and of the order of the text.")] = 0,
    pool_gib: Annotated[float, typer.Option(help="Maximum disk space for residuals.")] = 4.0,
    work: Annotated[Path, typer.Option(help="Folder for the residuals.")] = Path(".work/sae"),
    storage_dtype: Annotated[
        str, typer.Option(help=f"Precision of the files: {' or '.join(STORAGE)}.")
    ] = "float32",
    parallel: Annotated[
        Path | None,
        typer.Option(
            help="File with two sentences per line, separated by a TAB, for the twin search in the card."
        ),
    ] = None,
    licence: Annotated[str, typer.Option(help="Licences of the text, for the card.")] = "not stated",
    dtype: Annotated[
        str | None, typer.Option(help="Precision of the backbone's arithmetic; default: the scope's own.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, …; default: a GPU if there is one.")] = None,
) -> None:
    """Train TopK SAEs on a backbone's residuals; a stopped call can be continued.

    Without --tokens it trains on as much text as the pool holds; if --tokens is larger, text is streamed through the
    pool. Example:

        python -m recipes.sae --scope nano --layers 2,4 --text en.txt.xz --steps 1200 --out my-scope
    """
    console = Console(stderr=True)
    try:
        if storage_dtype not in STORAGE:
            raise UsageError(f"--storage-dtype must be {' or '.join(STORAGE)}, not {storage_dtype!r}")
        reader = Reader.load(scope, device=device, dtype=dtype)
        Run(
            reader=reader,
            layers=_layers(layers),
            files=(*text, *(more_text or ())),
            out=out,
            work=work,
            settings=TrainingSettings(
                k=k, d_sae=d_sae or 16 * reader.d_model, batch=batch, rate=rate, seed=seed
            ),
            schedule=Schedule(steps, minutes),
            tokens=tokens,
            pool_bytes=pool_gib * 2**30,
            storage_dtype=STORAGE[storage_dtype],
            licence=licence,
            parallel=parallel,
            call_minutes=call_minutes,
            say=lambda line: console.print(line, highlight=False, soft_wrap=True),
        ).go()
    except UnfinishedError as unfinished:
        console.print(f"{unfinished}; run the same command to continue", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except ScopesiftError as error:
        console.print(f"error: {error}", highlight=False, soft_wrap=True, style="red")
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise UsageError(f"--layers must be numbers with commas, e.g. 4,7, not {text!r}") from None


if __name__ == "__main__":
    typer.run(main)
