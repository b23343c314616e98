"""`python -m recipes.e5 --data DATA --out FOLDER`: make the bundled e5 scope and its classifiers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recipes.bundled.stages import check_options, run_stages, say
from recipes.e5.stages import STAGES, Recipe


def main(
    data: Annotated[
        Path,
        typer.Option(
            help="Folder with pretrain/, language/, toxicity/, textdetox/, domain/, sentiment/, benchmarks/."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Scope folder to write.")] = Path("scopesift/bundled/e5"),
    work: Annotated[Path, typer.Option(help="Folder for residuals and unfinished SAEs.")] = Path(".work/e5"),
    steps: Annotated[int, typer.Option(min=1, help="Training steps per SAE.")] = 24_000,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of training text.")] = 12_000_000,
    pool_gib: Annotated[float, typer.Option(help="Maximum disk space for residuals.")] = 32.0,
    only: Annotated[list[str] | None, typer.Option(help=f"Stages to run: {', '.join(STAGES)}.")] = None,
) -> None:
    """Make the e5 scope: SAEs of a few candidate layers, the choice of two, classifiers, feature cards, model card.

    Stages resume where they stopped. Example:

        python -m recipes.e5 --data ../data --only classifiers
    """
    check_options(data, only, STAGES)
    recipe = Recipe(data, out, work, steps, tokens, pool_gib * 2**30, say)
    run_stages([(stage, getattr(recipe, stage)) for stage in STAGES], only)


typer.run(main)
