"""The tables of Qwen-Scope's groups in docs/, from the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scopesift_classifiers.studies.step_costs import Assumptions, StepCost, step_costs
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.table import catalogue, find_entry
from scopesift_features.pulling.amounts import written_minutes, written_size
from scopesift_features.pulling.estimate import estimate_flops
from scopesift_features.pulling.size import encoder_flops

from bench.markdown import markdown
from bench.results_file import stored
from scopesift.commands.scope_cost import HEADER, assumed, row

FIRST, FIRST_LAYERS = "qwen3-1.7b-w32k-l0_50", (6, 14)


def scopes() -> str:
    """The fourteen groups: names, sizes, and disk space of their SAEs in float32."""
    header = [
        "scope",
        "SAE group on the hub",
        "backbone",
        "layers",
        "width",
        "features",
        "k",
        "a layer",
        "all",
    ]
    rows = [
        [
            f"`{entry.id}`",
            entry.sae,
            entry.backbone,
            str(entry.n_layers),
            str(entry.d_model),
            str(entry.d_sae),
            str(entry.k),
            f"{entry.sae_bytes / 1e9:.2f} GB",
            f"{entry.sae_bytes * entry.n_layers / 1e9:.0f} GB",
        ]
        for entry in catalogue().values()
        if entry.sae.startswith("Qwen/")
    ]
    return markdown(header, rows)


def first_hour() -> str:
    """Output of `scopes cost` for the layers in docs/qwen.md, and the rate measured by `bench load`."""
    entry, rates = find_entry(FIRST), Assumptions()
    rows = [row(step) for step in step_costs(entry, FIRST_LAYERS, rates)]
    reached = []
    for measured in stored("load-cpu")["rows"]:
        if measured["cut"] != "uncut":
            flops = estimate_flops(entry, int(measured["cut"])) + encoder_flops(entry.d_model, entry.d_sae)
            reached.append(f"{measured['tokens_per_s'] * flops / 1e12:.2f}")
    beside = f"The tokens per second of `python -m bench load` come to {' and '.join(reached)} TFLOP/s on two cores."
    return "\n\n".join([markdown(list(HEADER), rows), " ".join([*assumed(entry, rates), beside])])


def group_costs() -> str:
    """Costs of groups by width: one layer at two thirds of the depth, and all layers."""
    header = [
        "scope",
        "layer",
        "fetched",
        "memory",
        "GPU memory",
        "every layer: fetched",
        "memory",
        "GPU memory",
    ]
    header += ["GPU memory, SAEs in bfloat16", "`reproduce` on a GPU"]
    rows = {}
    for entry in catalogue().values():
        if not entry.sae.startswith("Qwen/"):
            continue
        layer = entry.n_layers * 2 // 3
        narrow = replace(entry, settings=replace(entry.settings, sae_dtype="bfloat16"))
        pull_one, fit = _costs(entry, [layer], "pull", "fit")
        pull, study = _costs(entry, range(entry.n_layers), "pull", "reproduce")
        (narrow_study,) = _costs(narrow, range(entry.n_layers), "reproduce")
        sizes = (pull_one.fetched, fit.memory, fit.gpu_memory, pull.fetched, study.memory, study.gpu_memory)
        name = f"`{entry.id.rpartition('_')[0]}_…`"
        written = map(written_size, (*sizes, narrow_study.gpu_memory))
        rows[name] = [name, str(layer), *written, written_minutes(study.gpu_minutes)]
    return markdown(header, list(rows.values()))


def _costs(entry: CatalogueEntry, layers: Sequence[int], *kinds: str) -> list[StepCost]:
    """The first step of each kind."""
    steps = step_costs(entry, layers)
    return [next(step for step in steps if step.step.startswith(kind)) for kind in kinds]
