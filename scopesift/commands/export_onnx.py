"""`scopesift export-onnx`: a classifier as an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.onnx.export import Export, ExportSettings, export_classifier
from scopesift_files.counted import counted
from scopesift_files.row_readers.row import sound_rows
from scopesift_files.row_readers.texts import read_texts

from scopesift.commands.choices import DeviceOption, OwnScopeOption, check_output, load_classifier
from scopesift.terminal.streams import reading, say

WARN_ABOVE = 0.005
FEW_TEXTS = 200


def export_onnx(
    classifier: Annotated[str, typer.Argument(help="Bundled name or artifact file.")],
    out: Annotated[Path, typer.Argument(help="File of the graph; its description is written to OUT.json.")],
    head: Annotated[
        str,
        typer.Option(help="full: whole encoder, exact top-k. selected: only the rows that the rules read."),
    ] = "full",
    opset: Annotated[int, typer.Option(help="18, 19 or 20.")] = 18,
    dtype: Annotated[str, typer.Option(help="How weights are stored: fp32 or fp16.")] = "fp32",
    int8: Annotated[
        str | None, typer.Option(help="Encoder in 8 bits, full head only: dynamic or static.")
    ] = None,
    external_data: Annotated[
        bool, typer.Option("--external-data", help="Weights in OUT.data; needed for more than 2 GiB.")
    ] = False,
    with_backbone: Annotated[
        bool,
        typer.Option("--with-backbone", help="Token ids in, verdicts out; tokenizer.json beside it."),
    ] = False,
    texts: Annotated[
        Path | None,
        typer.Option(
            help="Lines or JSONL to calibrate and measure on; needed for `selected` and int8, except of nano."
        ),
    ] = None,
    scope: OwnScopeOption = None,
    device: DeviceOption = None,
) -> None:
    """Export a classifier as an ONNX graph for runtimes without Python, and measure how many verdicts differ.

    Example: `scopesift export-onnx toxicity toxicity.onnx --with-backbone`

    Example: `scopesift export-onnx toxicity head.onnx --head selected --texts sample.jsonl`
    """
    check_output(out)
    artifact, place = load_classifier(classifier, scope, device)
    settings = ExportSettings(head, opset, dtype, int8, with_backbone, external_data)
    sample = None if texts is None else [row.text for row in sound_rows(read_texts(texts))]
    with reading("reading") as progress:
        export = export_classifier(artifact, place, out, settings, sample, say, progress)
    _report(export)


def _report(export: Export) -> None:
    for file in export.files:
        say(f"wrote {file} ({file.stat().st_size / 2**20:.2f} MiB)")
    found = export.disagreement
    say(
        f"of {counted(found.texts, 'text')} {found.verdicts} get another verdict than with the classifier "
        f"({found.rate:.2%}); largest difference of a score {found.largest_score:.2g}; "
        f"{found.firings / max(found.fired, 1):.2%} of the firings differ"
    )
    if found.texts < FEW_TEXTS:
        say(
            f"warning: {counted(found.texts, 'text')} are too few for that rate; give some hundreds with --texts"
        )
    if found.rate > WARN_ABOVE:
        say("warning: that is more than 0.5% of the verdicts; --head full keeps them")
