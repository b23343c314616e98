"""`python -m bench …`: one command per table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench import kernels, quality, serving
from bench.errors import BenchError
from bench.options import Out, Quick

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(quality.app)
app.add_typer(kernels.app)
app.add_typer(serving.app)


@app.command()
def curves(out: Out = None, quick: Quick = False) -> None:
    """Time a text by length, batch, classifiers, features, threads and blocks, beside other systems."""
    from bench.curves.run import run

    run(out, quick)


@app.command()
def load(out: Out = None, quick: Quick = False) -> None:
    """Measure memory and load time of a full-size stand-in, cut and uncut."""
    from bench.full_size.load import run

    run(out, quick)


@app.command("install-size")
def install_size(
    out: Out = None,
    torch: Annotated[bool, typer.Option("--torch", help="Also with the extra torch.")] = False,
) -> None:
    """Sum up the files of a bare installation and of the service's, from the package index."""
    from bench.bundled.install_size import run

    run(out, torch=torch)


@app.command()
def classify(out: Out = None) -> None:
    """Time `scopesift classify` from start to answer."""
    from bench.bundled.classify import run

    run(out)


@app.command()
def demo(out: Out = None) -> None:
    """Classify the sentences of `make demo`, for the README."""
    from bench.bundled.demo import run

    run(out)


@app.command()
def cookbook(out: Out = None) -> None:
    """Run the commands of docs/cookbook.md, for its tables."""
    from bench.bundled.cookbook import run

    run(out)


@app.command()
def fit(
    out: Out = None,
    quick: Quick = False,
    data: Annotated[Path | None, typer.Option(help="A labelled file to read and fit with nano too.")] = None,
    label: Annotated[str, typer.Option(help="Its label column.")] = "label",
    positive: Annotated[str, typer.Option(help="The positive label of two.")] = "toxic",
    million: Annotated[
        bool, typer.Option("--million", help="Fit a million synthetic documents too.")
    ] = False,
) -> None:
    """Time a fit after reading the texts, and measure its memory."""
    from bench.fit.run import run

    run(out, quick, data, label, positive, million)


@app.command()
def throughput(
    out: Out = None,
    quick: Quick = False,
    model: Annotated[
        list[str] | None, typer.Option(help="Qwen3-1.7B, Qwen3-8B, Qwen3.5-2B or e5; may be repeated.")
    ] = None,
) -> None:
    """Time classify and filter on full-size random backbones, cut at a quarter, half and three quarters."""
    from bench.full_size.throughput import run

    run(out, quick, model or ())


@app.command()
def onnx(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with language/, domain/, toxicity/: also measure the verdicts."),
    ] = None,
    out: Out = None,
    quick: Quick = False,
) -> None:
    """Compare exported ONNX heads with torch: time per shape, size, verdicts on real texts."""
    from bench.onnx.run import run

    run(data, out, quick)


@app.command()
def steer(
    scope: Annotated[str, typer.Option(help="A scope with a decoder and classifiers.")] = "smollm2",
    trait: Annotated[list[str] | None, typer.Option(help="classifier:label; may be repeated.")] = None,
    out: Out = None,
    quick: Quick = False,
) -> None:
    """Measure steering: traits boosted and suppressed, beside controls and side effects."""
    from bench.steer.run import run

    run(scope, trait or ["language:fr", "domain:sports"], out, quick)


@app.command()
def verdicts(
    write: Annotated[
        bool, typer.Option("--write", help="Store these verdicts as the reference, after a refit.")
    ] = False,
) -> None:
    """Compare the bundled classifiers' verdicts on 2,000 texts with the stored reference."""
    from bench.bundled.verdicts import run

    run(write)


@app.command()
def verdict_roads(
    data: Annotated[Path, typer.Option(help="Folder with language/train.jsonl.gz.")], out: Out = None
) -> None:
    """Compare e5's verdicts read by torch and by ONNX Runtime on 5,000 texts in 16 languages."""
    from bench.roads.verdicts import run

    run(data, out)


@app.command()
def int8(
    data: Annotated[Path, typer.Option(help="Folder with language/, toxicity/, textdetox/, domain/, …")],
    classifiers: Annotated[
        Path | None, typer.Option(help="Folder that `recipes.e5.int8_classifiers` wrote.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Most test rows of a table.")] = 10_000,
    out: Out = None,
) -> None:
    """Measure the bundled classifiers, their versions in int8, and others fitted on int8, on test rows."""
    from bench.roads.int8 import run

    run(data, classifiers, rows, out)


@app.command()
def roads(out: Out = None) -> None:
    """Time e5 read by torch and by ONNX Runtime, beside a random XLM-R base of Detoxify's shape."""
    from bench.roads.speed import run

    run(out)


@app.command()
def extreme(out: Out = None) -> None:
    """Count the tokens and verdicts that a limit on the residual's norm changes in e5 and nano, and its cost."""
    from bench.bundled.extreme import run

    run(out)


@app.command()
def precision(out: Out = None) -> None:
    """Count the verdicts that a bfloat16 backbone changes."""
    from bench.bundled.precision import run

    run(out)


@app.command()
def filter(
    data: Annotated[Path, typer.Option(help="Folder with toxicity/, language/, domain/, pretrain/.")],
    docs: Annotated[int, typer.Option(min=100, help="Documents of the large run.")] = 5000,
    standin: Annotated[bool, typer.Option(help="Also a full-size random Qwen3-1.7B cut at block 6.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help='e5, "e5, torch", "e5, int8", "a tenth" or nano; may be repeated.'),
    ] = None,
    out: Out = None,
) -> None:
    """Time whole filter runs against the backbone alone on the same batches; padding and memory."""
    from bench.filter.run import run

    run(data, out, docs=docs, standin=standin, only=only or ())


@app.command()
def early_drop(
    data: Annotated[Path, typer.Option(help="Folder with toxicity/, language/, domain/, pretrain/.")],
    docs: Annotated[int, typer.Option(min=100, help="Documents of a run.")] = 500,
    language: Annotated[
        Path | None, typer.Option(help="A language classifier of layer 4; default: fitted by the recipe.")
    ] = None,
    out: Out = None,
) -> None:
    """Time filter runs of e5 with and without --early-drop, with a language classifier of layer 4 alone."""
    from bench.filter.early import run

    run(data, out, docs=docs, language=language)


@app.command()
def batches(
    data: Annotated[Path, typer.Option(help="Folder with toxicity/, language/, domain/, pretrain/.")],
    scope: Annotated[str, typer.Option(help="A bundled scope.")] = "e5",
    out: Out = None,
    quick: Quick = False,
) -> None:
    """Measure padding on real lengths, and the cost of a token by the size of its batch."""
    from bench.batches.run import run

    run(data, out, scope=scope, quick=quick)


@app.command()
def filter_memory(
    scope: Annotated[str, typer.Option(help="A bundled scope.")] = "nano",
    out: Out = None,
    quick: Quick = False,
) -> None:
    """Measure the peak memory of filter runs by number and by length of the documents."""
    from bench.filter.memory import run

    run(out, scope=scope, quick=quick)


@app.command()
def filter_faults(
    data: Annotated[Path, typer.Option(help="Folder with toxicity/, language/, domain/, pretrain/.")],
    docs: Annotated[int, typer.Option(min=100, help="Documents of each run.")] = 2000,
    kills: Annotated[int, typer.Option(min=1, help="How often a run is killed.")] = 20,
    out: Out = None,
) -> None:
    """Kill filter runs, fill the disk, change and corrupt inputs, kill a Ray worker; compare the bytes."""
    from bench.filter.faults import run

    run(data, out, docs=docs, kills=kills)


@app.command()
def device(out: Out = None) -> None:
    """Measure the rate of a bare bf16 product and of a copy: what all other numbers are held against."""
    from bench.encode.device_rates import run

    run(out)


@app.command()
def gpu(
    out: Annotated[
        Path | None, typer.Option(help="Where the JSON goes; default $OUT, else bench/results/.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="For everything; what is left over is named.")] = 8.0,
) -> None:
    """Check and time everything that only a GPU can show."""
    from bench.gpu.run import run

    run(out, minutes)


@app.command()
def readme(
    check: Annotated[bool, typer.Option(help="Change nothing, fail if a table is out of date.")] = False,
) -> None:
    """Write the README's tables from the JSON files."""
    from bench.readme.run import run

    run(check)


if __name__ == "__main__":
    try:
        app()
    except BenchError as error:
        sys.exit(f"bench: {error}")
