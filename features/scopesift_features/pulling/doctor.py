"""`scopes doctor`: what a machine lacks to run a scope, with remedies. No weights are fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scopesift_files.counted import counted
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.source import BackboneSource, FolderBackbone, GgufBackbone
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.folder import read_record
from scopesift_features.catalogue.table import entry_folder, find_entry, locate
from scopesift_features.pulling.amounts import written_layers, written_size
from scopesift_features.pulling.estimate import estimate_backbone
from scopesift_features.pulling.hub import HuggingFaceHub
from scopesift_features.pulling.machine import LINEAR_ATTENTION, Machine, this_machine
from scopesift_features.pulling.pull import check_layers, is_here
from scopesift_features.pulling.size import encoder_bytes, missing_sae_bytes, size_pull
from scopesift_features.sae.config import find_layers
from scopesift_features.scope import Scope

OK, NOTE, IN_THE_WAY = "ok", "note", "in the way"
TRANSFORMERS = (5, 17)  # what pyproject.toml asks for
BESIDE = 2**29  # Python, torch, and the activations of a batch


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: what was checked.
        state: `OK`; `NOTE` for what works, but slower or with more memory than necessary; or `IN_THE_WAY`.
        text: the result.
        remedy: what to do; "" if nothing.
    """

    topic: str
    state: str
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class _Case:
    """The scope that is checked.

    Attributes:
        blocks: number of blocks that are run.
        dtype: precision of the backbone.
        backbone: bytes of the cut backbone in float32.
        guessed: whether that is an estimate.
        encoders: bytes of the layers' encoders for residuals of a given precision.
        linear_attention: whether it has linear-attention blocks.
    """

    blocks: int
    dtype: str
    backbone: int
    guessed: bool
    encoders: Callable[[str], int]
    linear_attention: bool


def examine(
    name_or_path: str | Path,
    *,
    layers: Sequence[int] | None = None,
    device: str | None = None,
    machine: Machine | None = None,
) -> list[Finding]:
    """Check what this machine needs to run a scope.

    Args:
        name_or_path: a scope's name or folder, here or not.
        layers: the layers to use; None: those that are here, or one at two thirds of the depth.
        device: as `choose_device`.
        machine: None: this machine.

    Raises:
        UsageError: no such scope or layer, or a device that cannot be used here.
        ScopeError: a group on another backbone that was never pulled, so that the backbone is unknown.
    """
    machine = machine or this_machine(device)
    try:
        entry = locate(name_or_path)[1]
    except ScopeError:
        entry = find_entry(str(name_or_path))  # known, but not here yet
    if entry is None or entry.bundled:
        found, case = _look_here(name_or_path, layers)
    else:
        found, case = _look_at_hub(entry, layers, machine)
    found.append(_transformers(machine))
    if case is not None:
        found += _running(case, machine)
    return found


def _look_here(name: str | Path, layers: Sequence[int] | None) -> tuple[list[Finding], _Case | None]:
    """A scope that needs no pull: bundled, or a folder."""
    try:
        scope = Scope.load(name, device="cpu")
        wanted = scope.only(scope.layers if layers is None else layers).layers
        case = _Case(
            blocks=wanted[-1] + 1,
            dtype=scope.settings.dtype,
            backbone=scope.source.weight_bytes(wanted[-1], dtype=torch.float32),
            guessed=False,
            encoders=_encoders(scope, scope.settings.sae_dtype, wanted),
            linear_attention=_has_linear_attention(scope.source),
        )
    except ScopeError as error:
        return [_in_the_way("scope", error)], None
    return [Finding("scope", OK, f"{scope.id}: layers {written_layers(wanted)} are here")], case


def _look_at_hub(
    entry: CatalogueEntry, layers: Sequence[int] | None, machine: Machine
) -> tuple[list[Finding], _Case]:
    """A group: what is here, and what the hub has of the rest."""
    folder = entry_folder(entry)
    pulled = (folder / "scope.json").is_file()
    there = find_layers(folder / "sae") if pulled else ()
    settings = read_record(folder).settings if pulled else entry.settings  # scope.json may have been edited
    wanted = check_layers(entry, layers or there or [entry.n_layers * 2 // 3])
    if is_here(entry, folder, wanted):
        source: BackboneSource | None = FolderBackbone(folder / "backbone")
        found = [Finding("scope", OK, f"{entry.id}: layers {written_layers(wanted)} are here")]
    else:
        found, source = _ask_hub(entry, wanted, machine)
    backbone, guessed = _backbone_bytes(entry, source, wanted[-1])
    return found, _Case(
        blocks=wanted[-1] + 1,
        dtype=settings.dtype,
        backbone=backbone,
        guessed=guessed,
        encoders=_encoders(entry, settings.sae_dtype, wanted),
        linear_attention="qwen3.5" in entry.trained_on.lower(),
    )


def _encoders(sizes: Scope | CatalogueEntry, sae_dtype: str, layers: Sequence[int]) -> Callable[[str], int]:
    return lambda beside: encoder_bytes(sizes.d_model, sizes.d_sae, sae_dtype, len(layers), beside=beside)


def _ask_hub(
    entry: CatalogueEntry, wanted: list[int], machine: Machine
) -> tuple[list[Finding], BackboneSource | None]:
    """What a pull needs, and the backbone's configuration if the hub is reachable."""
    pull = f"`scopesift scopes pull {entry.id} --layers {','.join(map(str, wanted))}`"
    found = [Finding("scope", NOTE, f"{entry.id}: to be pulled for layers {written_layers(wanted)}", pull)]
    source, shards = None, None
    hub = HuggingFaceHub()
    try:
        address, token = hub.knock()
        size = size_pull(hub, entry, wanted)
        source, shards = FolderBackbone(size.folder), size.shards
        access = "with the token that is set" if token else "no token is needed"
        found.append(Finding("hub", OK, f"{address} has backbone and SAEs; {access}"))
    except ScopeError as error:
        found.append(_in_the_way("hub", error))
    found.append(_disk(missing_sae_bytes(entry, wanted), shards, machine))
    return found, source


def _backbone_bytes(entry: CatalogueEntry, source: BackboneSource | None, deepest: int) -> tuple[int, bool]:
    """Bytes of the cut backbone in float32, and whether this is an estimate by its name."""
    if source is not None:
        try:
            return source.weight_bytes(deepest, dtype=torch.float32), False
        except ScopeError:
            pass
    return estimate_backbone(entry, deepest, "float32"), True


def _disk(saes: int, shards: int | None, machine: Machine) -> Finding:
    backbone = (
        "the backbone, whose size the hub knows" if shards is None else f"{written_size(shards)} of backbone"
    )
    needed = saes + (shards or 0)
    text = (
        f"{written_size(saes)} for SAEs while they are converted and {backbone}; "
        f"{written_size(machine.disk)} are free"
    )
    if needed > machine.disk:
        return Finding("disk", IN_THE_WAY, text, "fewer --layers, free space, or another disk with HF_HOME")
    return Finding("disk", OK, text)


def _transformers(machine: Machine) -> Finding:
    have = tuple(int(part) for part in re.findall(r"\d+", machine.transformers)[:2])
    needed = ".".join(map(str, TRANSFORMERS))
    if have < TRANSFORMERS:
        text = f"{machine.transformers} is installed, {needed} is needed (Qwen3.5 came with 5.2)"
        return Finding("transformers", IN_THE_WAY, text, f"`pip install -U 'transformers>={needed}'`")
    return Finding("transformers", OK, f"{machine.transformers}")


def _running(case: _Case, machine: Machine) -> list[Finding]:
    """Memory and hardware needed to run the weights."""
    slow = case.dtype == "bfloat16" and not machine.bfloat16
    dtype: torch.dtype = getattr(torch, "float32" if slow else case.dtype)
    precision = str(dtype).removeprefix("torch.")

    def line(needed: int) -> str:
        return (
            f"{'about ' if case.guessed else ''}{written_size(needed)} for the first {counted(case.blocks, 'block')} "
            f"in {precision}, their encoders, and half a GiB besides"
        )

    held, on_gpu = (
        case.backbone * dtype.itemsize // 4 + case.encoders(beside) + BESIDE
        for beside in ("float32", precision)
    )
    found = [_memory(line(held), held, machine), _gpu(line(on_gpu), on_gpu, machine)]
    if slow:
        text = f"{machine.gpu or 'the processor'} lacks it: read in float32, which takes twice the memory"
        remedy = "set dtype to float32 in scope.json before fitting, if other machines that have it shall read the same"
        found.append(Finding("bfloat16", NOTE, text, remedy))
    elif case.dtype == "bfloat16":
        found.append(Finding("bfloat16", OK, f"{machine.gpu or 'the processor'} multiplies it"))
    if case.linear_attention:
        found.append(_linear_attention(machine))
    return found


def _memory(text: str, needed: int, machine: Machine) -> Finding:
    if machine.memory is None:
        return Finding("memory", NOTE, f"{text}; the system does not say how much is free")
    text = f"{text}; {written_size(machine.memory)} are free"
    if needed > machine.memory:
        return Finding("memory", IN_THE_WAY, text, "a shallower layer with --layers, or a smaller group")
    return Finding("memory", OK, text)


def _gpu(text: str, needed: int, machine: Machine) -> Finding:
    if machine.gpu is None:
        return Finding("GPU", NOTE, "none is used; the processor reads", "--device cuda, if there is one")
    text = f"{machine.gpu}: {text}; {written_size(machine.gpu_memory)} are free on it"
    if needed > machine.gpu_memory:
        remedy = "a shallower layer with --layers, --device auto for several GPUs, or --device cpu"
        return Finding("GPU", IN_THE_WAY, text, remedy)
    return Finding("GPU", OK, text)


def _linear_attention(machine: Machine) -> Finding:
    if machine.gpu is None:
        return Finding("linear attention", NOTE, "the slow path in plain torch: the fast one needs a GPU")
    if machine.missing:
        text = f"the slow path, reported to be 8 to 12 times slower: {' and '.join(machine.missing)} missing"
        return Finding("linear attention", NOTE, text, f"`pip install {' '.join(machine.missing)}`")
    return Finding("linear attention", OK, f"{' and '.join(LINEAR_ATTENTION.values())} are installed")


def _has_linear_attention(source: BackboneSource) -> bool:
    if not isinstance(source, FolderBackbone | GgufBackbone):
        return False
    return "linear_attention" in (getattr(source.config, "layer_types", None) or [])


def _in_the_way(topic: str, error: ScopeError) -> Finding:
    """A finding from an error, whose remedy follows the last semicolon."""
    text, _, remedy = str(error).rpartition("; ")
    return Finding(topic, IN_THE_WAY, text or remedy, remedy if text else "")
