"""`scopesift reproduce`: repeats a published study and writes its results to a file to share."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from scopesift_classifiers.studies.reproduction import reproduce as run_study
from scopesift_classifiers.studies.reproduction_bundle import (
    check_new,
    hash_data,
    pack,
    read_bundle,
    write_bundle,
)
from scopesift_classifiers.studies.reproduction_data import find_languages
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.pulling.amounts import written_layers
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift.commands.choices import DeviceOption, LayersOption, ScopeOption, check_output, parse_layers
from scopesift.terminal.reproduction import bundle_lines, closing_line, english_table, own_table
from scopesift.terminal.streams import output, print_json, reading, say

STUDIES = ("qwen-scope-toxicity",)


def reproduce(
    study: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(STUDIES)}.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with toxicity/LANG.jsonl.gz, or the files of textdetox/multilingual_toxicity_dataset "
            "(data/LANG-*.parquet)."
        ),
    ] = None,
    scope: ScopeOption = DEFAULT_SCOPE,
    layers: LayersOption = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Write results, versions, hardware and hashes to this file; it contains no texts and no paths."
        ),
    ] = None,
    read: Annotated[
        Path | None,
        typer.Option("--read-bundle", help="Check and show such a file instead of running a study."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the tables.")] = False,
    device: DeviceOption = None,
) -> None:
    """Repeat a published study: the Qwen-Scope report's toxicity classifier, with its own protocol and with ours.

    The report chooses layer and K on its test rows; our protocol chooses them on dev rows. All layers with an SAE are
    read, or those of --layers.

    Example: `scopesift reproduce qwen-scope-toxicity --scope qwen3-1.7b-w32k-l0_50 --data textdetox --bundle out.json`

    Example: `scopesift reproduce --read-bundle out.json`
    """
    if read is not None:
        if any(given is not None for given in (study, data, layers, bundle, device)):
            raise UsageError("--read-bundle runs no study; give it alone, or with --json")
        _show_bundle(read_bundle(read), json)
        return
    if study not in STUDIES:
        what = "no study is named" if study is None else f"no study {study!r}"
        raise UsageError(f"{what}; expected one of: {', '.join(STUDIES)}")
    if data is None:
        raise UsageError("--data is missing; give the folder that holds toxicity/ or data/")
    if not data.is_dir():
        raise UsageError(f"--data {data} is not a folder; give the one that holds toxicity/ or data/")
    if bundle is not None:
        check_new(bundle)
        check_output(bundle)
    place = Scope.load(scope, device=device)
    if layers is not None:
        place = place.only(parse_layers(layers) or ())
    hashes = hash_data(find_languages(data))
    say(f"reading layers {written_layers(place.layers)} of {place.id}")
    began = time.perf_counter()
    with reading("reading") as progress:
        measured = run_study(place, data, on_progress=progress)
    seconds = time.perf_counter() - began
    try:
        if bundle is not None:
            write_bundle(bundle, pack(place, measured, hashes, seconds))
            say(f"wrote {bundle}; it is JSON, so check it before you share it")
    finally:  # show the results of hours of work even if the file can't be written
        _show(measured, json)


def _show_bundle(bundle: dict[str, Any], json: bool) -> None:
    if json:
        print_json(bundle)
        return
    for line in bundle_lines(bundle):
        output.print(line, markup=False, highlight=False, soft_wrap=True)
    _show(bundle["results"], json)


def _show(measured: dict[str, Any], json: bool) -> None:
    if json:
        print_json(measured)
        return
    output.print(own_table(measured))
    output.print(english_table(measured))
    say(closing_line(measured))
