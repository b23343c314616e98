"""`python -m recipes.nano --data DATA --out FOLDER`: make the nano scope and its classifiers from text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import torch
import typer

from recipes.bundled.stages import check_options, run_stages, say
from recipes.nano.stages import STAGES, Recipe
from recipes.nano.training_settings import settings_for


def main(
    data: Annotated[Path, typer.Option(help="Folder with pretrain/, toxicity/, language/ and domain/.")],
    out: Annotated[Path, typer.Option(help="Scope folder to write.")] = Path("scopesift/bundled/nano"),
    work: Annotated[Path, typer.Option(help="Folder for the state of unfinished stages.")] = Path(
        ".work/nano"
    ),
    minutes: Annotated[float, typer.Option(help="Minutes of training of the language model.")] = 62.0,
    call_minutes: Annotated[
        float, typer.Option(help="Maximum minutes of training in this call; the next one continues.")
    ] = math.inf,
    sae_minutes: Annotated[float, typer.Option(help="Minutes of training per SAE.")] = 2.0,
    pool_documents: Annotated[int, typer.Option(help="Documents that the SAEs are trained on.")] = 24000,
    k: Annotated[int, typer.Option(help="Active features per token.")] = 40,
    only: Annotated[list[str] | None, typer.Option(help=f"Stages to run: {', '.join(STAGES)}.")] = None,
) -> None:
    """Make the nano scope: tokenizer, language model, SAEs, scope folder, classifiers, model card.

    Stages resume where they stopped; the exit code is 1 until all are done. Example:

        python -m recipes.nano --data ../data --out scopesift/bundled/nano
    """
    check_options(data, only, STAGES)
    work.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(
        data=data,
        out=out,
        work=work,
        training=settings_for("cuda" if torch.cuda.is_available() else "cpu", minutes),
        call_minutes=call_minutes,
        sae_minutes=sae_minutes,
        pool_documents=pool_documents,
        k=k,
        say=say,
    )
    run_stages([(stage, getattr(recipe, stage)) for stage in STAGES], only)


typer.run(main)
