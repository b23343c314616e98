"""Output of `scopesift reproduce`: two tables of a study, and the provenance of a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scopesift_features.pulling.amounts import written_layers, written_size
from scopesift_files.counted import counted

from scopesift.terminal.tables import Column, FittedTable, decimals


def own_table(measured: dict[str, Any]) -> FittedTable:
    """Each language with its own discovery rows."""
    table = _table(
        "own labels: layer and K chosen on the test rows (best), by top1-diff, and on dev (ours)",
        (
            "test",
            "best F1",
            "layer",
            "K",
            "top1 layer",
            "F1",
            "layers F1",
            "ours: macro-F1",
            "F1",
            "layer",
            "K",
        ),
        drop={1: 5, 3: 2, 4: 3, 5: 7, 6: 6, 7: 4, 10: 1},
    )
    for lang, own in measured["languages"].items():
        best, ours = own["report"], own["ours"]
        table.add_row(
            lang,
            str(own["rows"]["test"]),
            decimals(best["f1"]),
            str(best["layer"]),
            str(best["k"]),
            str(own["top1_diff"][str(min(measured["k"]))]["layer"]),
            decimals(max(one["f1"] for one in own["top1_diff"].values())),
            decimals(own["multi_layer"]["report"]["f1"]),
            decimals(ours["macro_f1"]),
            decimals(ours["f1"]),
            str(ours["layer"]),
            str(ours["k"]),
        )
    macro = measured["macro"]
    means = (decimals(macro["report_f1"]), "", "", "", "", "", decimals(macro["ours_macro_f1"]), "", "", "")
    table.add_row("mean", "", *means, style="bold")
    return table


def english_table(measured: dict[str, Any]) -> FittedTable:
    """English discovery rows on every language."""
    title = f"{measured['source']} labels only: best layer and K on the other's test rows, and as English dev chose"
    table = _table(
        title,
        ("best F1", "macro-F1", "layer", "K", "ours: macro-F1", "balanced accuracy", "F1"),
        drop={3: 1, 4: 2},
    )
    for lang, own in measured["languages"].items():
        best, ours = own["from_en"]["report"], own["from_en"]["ours"]
        table.add_row(
            lang,
            decimals(best["f1"]),
            decimals(best["macro_f1"]),
            str(best["layer"]),
            str(best["k"]),
            decimals(ours["macro_f1"]),
            decimals(ours["balanced_accuracy"]),
            decimals(ours["f1"]),
        )
    return table


def closing_line(measured: dict[str, Any]) -> str:
    """Share of F1 that a tenth of the discovery rows keeps, and F1 of flagging everything."""
    macro = measured["macro"]
    return (
        f"a tenth of the discovery rows keeps {macro['report_kept_at_tenth']:.1%} of the mean best F1 "
        f"({macro['report_f1_at_tenth']:.3f} of {macro['report_f1']:.3f}), and {macro['ours_kept_at_tenth']:.1%} of "
        f"our macro-F1; flagging everything has F1 {macro['always_toxic_f1']:.3f}"
    )


def bundle_lines(bundle: dict[str, Any]) -> list[str]:
    """Provenance of a bundle, one line each."""
    scope, machine, run = bundle["scope"], bundle["machine"], bundle["run"]
    revisions = [scope[f"{part}_revision"] or "no revision" for part in ("backbone", "sae")]
    files, rows = scope["files"], bundle["data"]
    held = [run["peak_memory_bytes"], run["peak_gpu_memory_bytes"]]
    memory = [
        f"{written_size(size)} of {of}"
        for size, of in zip(held, ("main memory", "GPU memory"), strict=True)
        if size is not None
    ]
    return [
        f"scope: {scope['id']}, {scope['sha256'][:12]}; layers {written_layers(bundle['results']['layers'])}",
        f"backbone: {scope['backbone']} at {revisions[0]}, in {scope['settings']['dtype']}",
        f"SAEs: {scope['sae']} at {revisions[1]}, in {scope['settings']['sae_dtype']}; "
        f"{counted(len(files), 'file')} with SHA-256",
        f"machine: {machine['system']}; {counted(machine['cores'], 'core')} of {machine['processor']}"
        + "".join(f"; {gpu}" for gpu in machine["gpus"]),
        f"run: {counted(run['texts'], 'text')} in {run['seconds']:,.1f} s on {run['device']}, {bundle['made']}"
        + "".join(f"; at most {size}" for size in memory),
        "versions: " + ", ".join(f"{name} {version}" for name, version in bundle["versions"].items()),
        f"data: {counted(sum(map(len, rows.values())), 'file')} of {', '.join(rows)}",
    ]


def _table(title: str, names: Sequence[str], drop: Mapping[int, int]) -> FittedTable:
    """A table of numbers by language; `drop` has the columns, from 1 on, that a narrow terminal does without."""
    shown = [Column(name, right=True, drop=drop.get(at, 0)) for at, name in enumerate(names, 1)]
    return FittedTable([Column(""), *shown], title=title)
