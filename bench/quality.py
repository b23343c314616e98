"""The commands of `python -m bench` that measure quality on labelled data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.options import Out, Quick, ScopeName

app = typer.Typer()


@app.command()
def transfer(
    data: Annotated[Path, typer.Option(help="Folder with toxicity/.")],
    scope: Annotated[str, typer.Option(help="nano, or e5 with a tenth and all of the labels.")] = "nano",
    quick: Quick = False,
    out: Out = None,
) -> None:
    """Measure transfer from English: every language with 0, 1% to 25% and all of its labels."""
    from bench.bundled.transfer import run

    run(data, scope, quick=quick, out=out)


@app.command()
def own_labels(data: Annotated[Path, typer.Option(help="Folder with toxicity/.")], out: Out = None) -> None:
    """Measure toxicity in every language from its own labels, beside the paper preset and the baselines."""
    from bench.bundled.own_labels import run

    run(data, out)


@app.command()
def textdetox(
    data: Annotated[Path, typer.Option(help="Folder with textdetox/.")],
    scope: ScopeName = "e5",
    out: Out = None,
) -> None:
    """Measure toxicity in nine languages on the rows of TextClass-Benchmark, beside its figures; resumes."""
    from bench.textdetox.run import run

    run(data, scope, out)


@app.command()
def study(
    data: Annotated[Path, typer.Option(help="Folder with textdetox/.")],
    scope: ScopeName = "e5",
    out: Out = None,
) -> None:
    """Compare sparse rules with dense probes and TF-IDF by labels, features, layer and language; resumes."""
    from bench.study.run import run

    run(data, scope, out)


@app.command()
def attacks(
    data: Annotated[Path, typer.Option(help="Folder with textdetox/.")],
    split: Annotated[str, typer.Option(help="dev, to choose rules by; test, to publish.")] = "test",
    out: Out = None,
) -> None:
    """Measure toxicity on rows with obfuscated spelling: nine attacks, and any two at once."""
    from bench.attacks.run import run

    run(data, split, out)


@app.command()
def points(
    data: Annotated[Path, typer.Option(help="Folder with textdetox/, toxicity/.")], out: Out = None
) -> None:
    """Measure calibration by language, and cuts for one false-positive rate in every language."""
    from bench.points.run import run

    run(data, out)


@app.command()
def policy(
    data: Annotated[Path, typer.Option(help="Folder with policy/.")],
    scope: ScopeName = "e5",
    rows: Annotated[int, typer.Option(min=100, help="Most train rows a language.")] = 1500,
    out: Out = None,
) -> None:
    """Measure policy topics in eight languages on the rows of TextClass-Benchmark, beside its figures; resumes."""
    from bench.policy.run import run

    run(data, scope, rows, out)


@app.command()
def overlap(
    data: Annotated[Path, typer.Option(help="Folder with benchmarks/.")],
    scope: ScopeName = "e5",
    out: Out = None,
) -> None:
    """Measure the overlap of GSM8K's parts with each other and with HumanEval, in features that they use."""
    from bench.overlap.run import run

    run(data, scope, out)


@app.command()
def languages(
    data: Annotated[Path, typer.Option(help="Folder with language/; for e5 with all rows of its fit.")],
    scope: Annotated[str, typer.Option(help="e5 or nano.")] = "e5",
    out: Out = None,
) -> None:
    """Measure languages that the classifier does not know, and texts that switch language."""
    from bench.bundled.languages import SCOPES, run

    if scope not in SCOPES:
        raise typer.BadParameter(f"--scope is {' or '.join(SCOPES)}, got {scope!r}")
    run(data, scope, out)
