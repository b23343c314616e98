"""`python -m recipes.smollm2 --data DATA --out FOLDER`: make the smollm2 scope and its classifiers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recipes.bundled.stages import check_options, run_stages, say
from recipes.smollm2.stages import STAGES, Recipe


def main(
    data: Annotated[
        Path,
        typer.Option(help="Folder with pretrain/, language/ and domain/."),
    ],
    out: Annotated[Path, typer.Option(help="Scope folder to write.")] = Path("scopesift/bundled/smollm2"),
    work: Annotated[Path, typer.Option(help="Folder for residuals and unfinished SAEs.")] = Path(
        ".work/smollm2"
    ),
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 1_500,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of training text.")] = 917_504,
    pool_gib: Annotated[float, typer.Option(help="Maximum disk space for residuals.")] = 6.0,
    only: Annotated[list[str] | None, typer.Option(help=f"Stages to run: {', '.join(STAGES)}.")] = None,
) -> None:
    """Make the smollm2 scope: SAEs of two blocks, classifiers, model card.

    Stages resume where they stopped. Example:

        python -m recipes.smollm2 --data ../data --only classifiers
    """
    check_options(data, only, STAGES)
    recipe = Recipe(data, out, work, steps, tokens, pool_gib * 2**30, say)
    run_stages([(stage, getattr(recipe, stage)) for stage in STAGES], only)


typer.run(main)
