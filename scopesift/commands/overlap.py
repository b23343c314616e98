"""`scopesift overlap`: which features data sets use, which they share, and which make the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.overlaps.data_sets import open_data_sets
from scopesift_classifiers.overlaps.measure import (
    DOCUMENT,
    POOLS,
    OverlapSettings,
    default_min_share,
    measure_overlap,
)
from scopesift_classifiers.pages.overlap import write_overlap
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_files.counted import counted

from scopesift.commands.choices import (
    DeviceOption,
    LayersOption,
    ScopeOption,
    check_output,
    parse_layers,
)
from scopesift.terminal.overlap import doubts, overlap_tables
from scopesift.terminal.streams import output, print_json, reading, say


def overlap(
    data: Annotated[
        list[Path],
        typer.Argument(help="Two or more files with texts: JSONL, CSV or Parquet; .gz, .xz, .zst."),
    ],
    scope: ScopeOption = DEFAULT_SCOPE,
    layers: LayersOption = None,
    text_column: Annotated[
        str, typer.Option("--text-column", "--text", help="Column that holds the text.")
    ] = "text",
    pool: Annotated[
        str,
        typer.Option(
            help=f"{' or '.join(POOLS)}: features that are active on any token of a document, or on its last one."
        ),
    ] = DOCUMENT,
    min_share: Annotated[
        float | None,
        typer.Option(
            help="A feature counts if it is active in at least this share of the documents; "
            "default .1, with --pool last .01."
        ),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Rows to draw from each file, so that all have the same; default all."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drawn rows and of the random halves.")] = 0,
    differences: Annotated[
        int, typer.Option(min=0, help="Features to show for each direction of a pair.")
    ] = OverlapSettings.differences,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the tables.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page; it quotes your texts.")] = None,
    device: DeviceOption = None,
) -> None:
    """Compare data sets by the features they use: Jaccard, containment both ways, and what makes the difference.

    Each data set is also compared with itself, in random halves: two samples of the same texts don't overlap completely
    either, and small ones less.

    Example: `scopesift overlap gsm8k-train.jsonl.gz gsm8k-test.jsonl.gz humaneval.jsonl.gz --rows 164`

    Example: `scopesift overlap mine.csv theirs.parquet --text-column body --pool last --html overlap.html`
    """
    settings = OverlapSettings(
        pool, default_min_share(pool) if min_share is None else min_share, seed, differences
    )
    check_output(html)
    place = Scope.load(scope, device=device)
    if layers is not None:
        place = place.only(parse_layers(layers) or ())
    data_sets = open_data_sets(data, text_column, rows=rows, seed=seed)
    say(", ".join(f"{one.name}: {counted(len(one), 'row')}" for one in data_sets))
    with reading("reading") as progress:
        measured = measure_overlap(
            place, data_sets, settings, cache=FeatureCache.default(), on_progress=progress
        )
    if json:
        print_json(measured.to_dict())
    else:
        for table in overlap_tables(measured):
            output.print(table)
    for doubt in doubts(measured):
        say(doubt)
    if html is not None:
        write_overlap(html, measured)
        say(f"wrote {html}; it quotes your texts")
