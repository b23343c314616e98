"""`scopesift scopes`: list, show, pull and check scopes."""

from __future__ import annotations

import json as json_text
import sys
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from scopesift_features.catalogue.listing import describe_scope, list_scopes
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.checks.base_backbone import check_base
from scopesift_features.checks.scope import LayerCheck
from scopesift_features.checks.scope import check as check_scope
from scopesift_features.pulling.amounts import written_size
from scopesift_features.pulling.doctor import IN_THE_WAY, examine
from scopesift_features.pulling.pull import pull as pull_scope
from scopesift_files.errors import ScopeError

from scopesift.commands.choices import DeviceOption, LayersOption, parse_layers
from scopesift.commands.scope_cost import cost
from scopesift.terminal.flags import PlainCommand, PlainGroup
from scopesift.terminal.streams import output, print_json, say
from scopesift.terminal.tables import Column, FittedTable, decimals, numbers

MOST_PLACES = 8

app = typer.Typer(
    cls=PlainGroup,
    help="List, show, pull and check scopes, and estimate their requirements and costs.",
    no_args_is_help=True,
)
app.command(cls=PlainCommand)(cost)


@app.command("list", cls=PlainCommand)
def list_command(
    every: Annotated[
        bool, typer.Option("--all", help="Also the groups of Gemma Scope 2, which are unproven.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line, of all.")] = False,
) -> None:
    """List e5, nano, smollm2 and the Qwen-Scope groups: backbone, layers, width, k, size of a layer's SAE.

    "here": the layers on this machine, and the disk space of these and of the backbone's shards.

    Example: `scopesift scopes list`
    """
    found = list_scopes()
    if json:
        for summary in found:
            print_json(summary.to_dict())
        return
    table = FittedTable(
        [
            Column("scope"),
            Column("backbone", drop=4),
            Column("layers", right=True),
            Column("width", right=True, drop=3),
            Column("features", right=True, drop=2),
            Column("k", right=True),
            Column("a layer", right=True, drop=1),
            Column("here"),
        ]
    )
    shown = [s for s in found if every or s.k is not None or s.pulled_layers]
    for s in shown:
        here = f"{_span(s.pulled_layers)} ({written_size(s.disk_bytes)})" if s.pulled_layers else "–"
        sizes = [str(s.n_layers), str(s.d_model), str(s.d_sae), "–" if s.k is None else str(s.k)]
        table.add_row(s.id, s.backbone, *sizes, written_size(s.sae_bytes), here)
    output.print(table)
    if len(shown) < len(found):
        say(f"and {len(found) - len(shown)} groups of Gemma Scope 2, unproven: --all")


@app.command(cls=PlainCommand)
def show(
    scope: Annotated[
        str,
        typer.Argument(help="e5, nano, smollm2, a catalogue id, or a folder with a backbone and SAE files."),
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show all details of one scope.

    Example: `scopesift scopes show ./my-folder`
    """
    described = describe_scope(scope)
    if json:
        print_json(described)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in described.items():
        shown = json_text.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
        table.add_row(key, written_size(value) if key.endswith("_bytes") else shown)
    output.print(table)


@app.command(cls=PlainCommand)
def pull(
    scope: Annotated[
        str,
        typer.Argument(
            help="Catalogue id or hub id (prefix `modelscope:` for ModelScope), or a folder with "
            "backbone/ and sae/ whose .sae.pt files are converted."
        ),
    ],
    layers: LayersOption = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            help="Hub id of another backbone for a group's SAEs, such as the instruct model; makes a separate scope."
        ),
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Commit, tag or branch of the SAE group.")] = None,
    backbone_revision: Annotated[
        str | None, typer.Option(help="Commit, tag or branch of the backbone.")
    ] = None,
) -> None:
    """Download a scope: only the given layers and the blocks below them.

    It is stored in `scopesift/` under HF_HOME; HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE work as usual. After an
    interruption run it again: complete files are kept.

    Example: `scopesift scopes pull qwen3-1.7b-w32k-l0_50 --layers 6,14`
    """
    folder = pull_scope(
        scope,
        layers=parse_layers(layers),
        backbone=backbone,
        revision=revision,
        backbone_revision=backbone_revision,
        tell=say,
    )
    sys.stdout.write(f"{folder}\n")


@app.command(cls=PlainCommand)
def check(
    scope: Annotated[str, typer.Argument(help="e5, nano, smollm2, a catalogue id, or a folder.")],
    layers: LayersOption = None,
    device: DeviceOption = None,
) -> None:
    """Check a scope's weights: k active features, FVU below 1 and lowest at the block's output.

    For a group on another backbone (`pull --backbone`) the FVU on the one it was trained on is shown too.

    Example: `scopesift scopes check e5`
    """
    checks = check_scope(scope, layers=parse_layers(layers), device=device)
    base = check_base(scope, [item.layer for item in checks], device=device)
    beside = [] if base is None else ["FVU of base"]
    names = ("layer", "tokens", "extreme", "active", "k", "FVU", *beside, "before")
    table = FittedTable([*numbers(*names), Column("verdict", least=16)])
    for item in checks:
        verdict = "; ".join(item.problems) or "ok"
        counts = [item.layer, item.tokens, len(item.extreme), item.fewest_active, item.k]
        fvu = [item.fvu, *([] if base is None else [base.fvu.get(item.layer)]), item.fvu_before]
        table.add_row(*map(str, counts), *map(decimals, fvu), verdict)
    output.print(table)
    for item in checks:
        if item.extreme:
            say(_extreme_line(item))
    for line in [] if base is None else base.notes:
        say(line)
    if any(item.problems for item in checks):
        raise ScopeError(f"{scope} failed its checks; pull it again; verdicts made with it are not reliable")


def _extreme_line(check: LayerCheck) -> str:
    """Number and positions of a layer's extreme tokens."""
    share = len(check.extreme) / check.tokens
    places = Counter(check.extreme).most_common(MOST_PLACES)
    where = ", ".join(f"{place} ({count})" for place, count in sorted(places))
    return (
        f"layer {check.layer}: {len(check.extreme)} of {check.tokens} tokens ({share:.1%}) have over {check.limit:g} "
        f"times the median norm; position in the window (count): {where}"
    )


@app.command(cls=PlainCommand)
def doctor(
    scope: Annotated[
        str, typer.Argument(help="e5, nano, smollm2, a catalogue id (here or not), or a folder.")
    ] = DEFAULT_SCOPE,
    layers: Annotated[
        str | None,
        typer.Option(
            help="Layers such as 6,14; default those that are here, or one at two thirds of the depth."
        ),
    ] = None,
    device: DeviceOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Check whether this machine can pull and run a scope, with remedies for what is missing.

    Checks access to the hub, disk, memory, GPU, bfloat16, transformers, and for Qwen3.5 the packages of the fast path.
    No weights are fetched. Exit code 1 if something is missing.

    Example: `scopesift scopes doctor qwen3-8b-w64k-l0_50 --layers 18`
    """
    found = examine(scope, layers=parse_layers(layers), device=device)
    table = FittedTable([Column(""), Column(""), Column("", least=24)])
    for finding in found:
        if json:
            print_json(asdict(finding))
            continue
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        table.add_row(finding.state, finding.topic, finding.text + remedy)
    if not json:
        output.print(table)
    in_the_way = [finding.topic for finding in found if finding.state == IN_THE_WAY]
    if in_the_way:
        raise ScopeError(f"{scope} does not run here yet; in the way: {', '.join(in_the_way)}")


def _span(layers: list[int]) -> str:
    whole = layers == list(range(layers[0], layers[-1] + 1))
    return f"{layers[0]}–{layers[-1]}" if whole and len(layers) > 1 else ",".join(map(str, layers))
