"""`scopesift scopes cost`: estimated bytes, memory and time for a group, without fetching anything."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from scopesift_classifiers.studies.step_costs import Assumptions, StepCost, step_costs
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.table import find_entry
from scopesift_features.pulling.amounts import written_minutes, written_size
from scopesift_features.pulling.pull import check_layers
from scopesift_files.errors import UsageError

from scopesift.commands.choices import parse_layers
from scopesift.terminal.streams import output, print_json
from scopesift.terminal.tables import Column, FittedTable, numbers

HEADER = (
    "step", "texts", "fetched", "disk", "network", "memory", "processor", "GPU memory", "GPU",
)  # fmt: skip
_PLAIN = Assumptions()


def cost(
    scope: Annotated[str, typer.Argument(help="A group: its catalogue id or hub id.")],
    layers: Annotated[
        str | None,
        typer.Option(help="Layers to pull, such as 6,14; default one at two thirds of the depth."),
    ] = None,
    mbit: Annotated[float, typer.Option(help="Speed of the network, in Mbit/s.")] = _PLAIN.mbit_per_s,
    tokens: Annotated[float, typer.Option(help="Tokens per text.")] = _PLAIN.tokens_per_text,
    processor: Annotated[
        float, typer.Option(help="Speed of the CPU in float32, in TFLOP/s.")
    ] = _PLAIN.processor_tflops,
    gpu: Annotated[float, typer.Option(help="Speed of the GPU in bfloat16, in TFLOP/s.")] = _PLAIN.gpu_tflops,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Estimate bytes, memory and minutes of pulling, checking, fitting, the report's study and serving.

    Computed from the catalogue, the backbone's size by its name (an upper estimate) and the printed rates. Nothing is
    measured or fetched; `scopesift scopes doctor` checks the hub and this machine.

    Example: `scopesift scopes cost qwen3-1.7b-w32k-l0_50 --layers 6,14 --mbit 50`
    """
    entry = find_entry(scope)
    if entry.bundled:
        raise UsageError(f"{entry.id} comes with scopesift: nothing is pulled; name one of the groups")
    chosen = check_layers(entry, parse_layers(layers) or [entry.n_layers * 2 // 3])
    rates = Assumptions(mbit, tokens, processor, gpu)
    steps = step_costs(entry, chosen, rates)
    if json:
        computed = [asdict(step) for step in steps]
        print_json({"scope": entry.id, "layers": chosen, "assumed": asdict(rates), "computed": computed})
        return
    table = FittedTable([Column(HEADER[0]), *numbers(*HEADER[1:])])
    for step in steps:
        table.add_row(*row(step))
    output.print(table)
    for line in assumed(entry, rates):
        output.print(line, highlight=False)


def row(step: StepCost) -> list[str]:
    """One step as table cells; – for nothing."""
    network = [written_size(step.fetched), written_size(step.disk), written_minutes(step.fetch_minutes)]
    processor = [written_size(step.memory), written_minutes(step.processor_minutes)]
    gpu = [written_size(step.gpu_memory), written_minutes(step.gpu_minutes)]
    nothing = ["–"] * 7
    parts = [*network, *nothing[:4]] if step.fetched else [*nothing[:3], *processor, *gpu]
    return [step.step, f"{step.texts:,}" if step.texts else "–", *parts]


def assumed(entry: CatalogueEntry, rates: Assumptions) -> list[str]:
    """The assumptions of the estimate, one line each."""
    lines = [
        f"Computed, not measured: a network of {rates.mbit_per_s:g} Mbit/s; texts of {rates.tokens_per_text:g} tokens; "
        f"a processor that reaches {rates.processor_tflops:g} TFLOP/s in float32, or a GPU that reaches "
        f"{rates.gpu_tflops:g} in bfloat16.",
        "The backbone's size is an upper estimate by its name; up to its whole checkpoint is fetched, since "
        "shards are fetched whole. Memory is that of the weights plus half a GiB, without the mapped checkpoint.",
    ]
    if "qwen3.5" in entry.trained_on.lower():
        lines.append(
            "Qwen3.5 without flash-linear-attention and causal-conv1d, and on a processor, is reported to take 8 to "
            "12 times the backbone's time."
        )
    return lines
