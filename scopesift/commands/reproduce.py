"""`scopesift reproduce`: a published study as one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table
from scopesift_classifiers.reproduction import reproduce as run_study
from scopesift_features.catalogue import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift.commands.choices import DeviceOption, ScopeOption
from scopesift.commands.terminal import output, print_json, reading, say

STUDIES = ("qwen-scope-toxicity",)


def reproduce(
    study: Annotated[str, typer.Argument(help=f"One of: {', '.join(STUDIES)}.")],
    data: Annotated[
        Path,
        typer.Option(
            help="Folder with toxicity/<lang>.jsonl.gz, or the files of textdetox/multilingual_toxicity_dataset "
            "(data/<lang>-*.parquet)."
        ),
    ],
    scope: ScopeOption = DEFAULT_SCOPE,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the tables.")] = False,
    device: DeviceOption = None,
) -> None:
    """Repeat a published study: the Qwen-Scope report's toxicity classifier, with its own protocol and with ours.

    The report chooses layer and K on its test rows; ours chooses them on dev rows. Every layer of the scope that has
    an SAE is read.

    Example: `scopesift reproduce qwen-scope-toxicity --scope qwen3-1.7b-w32k-l0_50 --data textdetox`
    """
    if study not in STUDIES:
        raise UsageError(f"no study {study!r}; expected one of: {', '.join(STUDIES)}")
    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder; give the one that holds toxicity/ or data/")
    place = Scope.load(scope, device=device)
    say(f"reading {len(place.layers)} layers of {place.id}")
    with reading("reading") as progress:
        measured = run_study(place, data, on_progress=progress)
    if json:
        print_json(measured)
        return
    output.print(own_table(measured))
    output.print(english_table(measured))
    macro = measured["macro"]
    say(
        f"a tenth of the discovery rows keeps {macro['report_kept_at_tenth']:.1%} of the mean best F1 "
        f"({macro['report_f1_at_tenth']:.3f} of {macro['report_f1']:.3f}), and {macro['ours_kept_at_tenth']:.1%} of "
        f"our macro-F1; flagging everything has F1 {macro['always_toxic_f1']:.3f}"
    )


def own_table(measured: dict[str, Any]) -> Table:
    """Every language with its own discovery rows."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title="own labels: layer and K chosen on the test rows (the report), by top1-diff, and on dev (ours)",
        title_justify="left",
    )
    _columns(
        table,
        (
            "",
            "test",
            "best F1",
            "layer",
            "K",
            "top1-diff F1",
            "layers F1",
            "ours macro-F1",
            "F1",
            "layer",
            "K",
        ),
    )
    for lang, own in measured["languages"].items():
        best, ours = own["report"], own["ours"]
        table.add_row(
            lang,
            str(own["rows"]["test"]),
            _three(best["f1"]),
            str(best["layer"]),
            str(best["k"]),
            _three(max(one["f1"] for one in own["top1_diff"].values())),
            _three(own["multi_layer"]["report"]["f1"]),
            _three(ours["macro_f1"]),
            _three(ours["f1"]),
            str(ours["layer"]),
            str(ours["k"]),
        )
    macro = measured["macro"]
    means = (_three(macro["report_f1"]), "", "", "", "", _three(macro["ours_macro_f1"]), "", "", "")
    table.add_row("mean", "", *means, style="bold")
    return table


def english_table(measured: dict[str, Any]) -> Table:
    """English discovery rows on every language."""
    title = f"{measured['source']} labels only: best layer and K on the other's test rows, and as English dev chose"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    _columns(table, ("", "best F1", "macro-F1", "layer", "K", "ours macro-F1", "balanced accuracy", "F1"))
    for lang, own in measured["languages"].items():
        best, ours = own["from_en"]["report"], own["from_en"]["ours"]
        table.add_row(
            lang,
            _three(best["f1"]),
            _three(best["macro_f1"]),
            str(best["layer"]),
            str(best["k"]),
            _three(ours["macro_f1"]),
            _three(ours["balanced_accuracy"]),
            _three(ours["f1"]),
        )
    return table


def _columns(table: Table, names: tuple[str, ...]) -> None:
    for name in names:
        table.add_column(name, justify="right" if name else "left")


def _three(value: float) -> str:
    return f"{value:.3f}"
