"""A checked run with everything that an engine needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scopesift_classifiers.judging.engine import Engine
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError

from scopesift_filtering.columns import ADDED, column_of, our_schema
from scopesift_filtering.condition import parse_condition
from scopesift_filtering.dolma_attributes import mirrored_names
from scopesift_filtering.input_columns import sample_columns
from scopesift_filtering.inputs import Group, InputFile, find_inputs, make_groups
from scopesift_filtering.run_record import RunRecord, make_record
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.early_drop import EarlyDrop
from scopesift_filtering.shards.result import RowJudge
from scopesift_filtering.unknown_labels import unknown_labels


@dataclass(frozen=True)
class RunPlan:
    """A run.

    Attributes:
        out: output folder.
        files, groups: the inputs.
        settings: as given.
        engine: scope and classifiers.
        judge: condition and thresholds.
        early: which rows need no deeper blocks; None: all are read to the end.
        record: the run's identity.
        shadowed: our columns that the input has too; the condition can qualify them.
        unread: files in the input's folders and globs with an unknown format.
        unknown_labels: what to warn of in the condition.
        dolma_names: input file -> its attributes file for dolma; empty in other formats.
    """

    out: Path
    files: list[InputFile]
    groups: list[Group]
    settings: FilterSettings
    engine: Engine
    judge: RowJudge
    early: EarlyDrop | None
    record: RunRecord
    shadowed: list[str]
    unread: list[str]
    unknown_labels: list[str]
    dolma_names: dict[str, str]


def make_plan(patterns: Sequence[str], out: Path, settings: FilterSettings, engine: Engine) -> RunPlan:
    """Find the inputs and check everything that can be checked at the start.

    Raises:
        UsageError: no such input, a bad condition, no text column, or an output folder inside the inputs.
        InputError: an input can't be opened.
    """
    settings = settings.on_device(engine.scope.device)
    condition = parse_condition(settings.where)
    files, unread = find_inputs(patterns, out)
    inside = out.resolve()
    if any("://" not in file.url and inside in Path(file.url).resolve().parents for file in files):
        raise UsageError(f"{out} holds input files; choose an --out outside of the inputs")
    columns = sample_columns(files, settings)
    types = columns.types
    if types and settings.text not in types:
        raise UsageError(
            f"--text: there is no column {settings.text!r} in the input; there are {', '.join(types)}"
        )
    if settings.dolma and types and "id" not in types:
        raise UsageError(
            f"--attributes-format dolma needs documents with an 'id', and {_named(files)} has the columns "
            f"{', '.join(types)}; add one, or leave the option out"
        )
    if settings.splits and any(name.casefold() == ADDED for name in types):
        raise UsageError(
            f"the input has a column {ADDED!r}, the name of the column that dropped rows get; rename it, or use "
            "--mode attributes"
        )
    classifiers = list(engine.classifiers.values())
    names = [column_of(one.name) for one in classifiers]
    ours = our_schema(classifiers, settings.thresholds).names
    twice = sorted({name for name in ours if ours.count(name) > 1})
    if twice:
        raise UsageError(f"two of the classifiers {', '.join(names)} give a column {twice[0]!r}; rename one")
    schema = columns.schema(condition, ours)
    judge = RowJudge(condition, settings, classifiers, schema)
    own = {name.casefold() for name in ours}
    return RunPlan(
        out=out,
        files=files,
        groups=make_groups(files),
        settings=settings,
        engine=engine,
        judge=judge,
        early=EarlyDrop(engine, condition, settings, schema) if settings.early_drop else None,
        record=make_record(files, settings, engine, schema),
        shadowed=[name for name in types if name.casefold() in own],
        unread=unread,
        unknown_labels=unknown_labels(condition, classifiers),
        dolma_names=mirrored_names(files) if settings.dolma else {},
    )


def _named(files: Sequence[InputFile]) -> str:
    others = len(files) - 1
    return f"the input ({files[0].url}" + (f" and {counted(others, 'other file')})" if others else ")")
