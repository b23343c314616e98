"""`scopesift filter`: keep or drop rows of many files by their scores and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.counted import counted
from scopesift_files.errors import UsageError
from scopesift_filtering.engines.profile import Profile
from scopesift_filtering.estimate import estimate
from scopesift_filtering.run_filter import LOCAL, RAY, Cluster, run_filter
from scopesift_filtering.run_plan import RunPlan, make_plan
from scopesift_filtering.settings import RECORDS, ROW_BYTES, FilterSettings
from scopesift_filtering.shards.marker import Marker
from scopesift_filtering.tally import Tally
from scopesift_filtering.thresholds import read_thresholds

from scopesift.commands.choices import (
    BackendOption,
    ClassifierOption,
    DeviceOption,
    ScopeOption,
    TextColumn,
    load_engine,
)
from scopesift.terminal.filtering import filtering, profile_table
from scopesift.terminal.streams import REJECTED, messages, say

UNREAD_SHOWN = 10


def filter_rows(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="IN…", help="Files, globs, folders or URLs: Parquet, JSONL, CSV (.gz, .zst)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run: new, empty, or one to --resume.")],
    where: Annotated[
        str, typer.Option(help="SQL condition of the rows to keep, over the input's columns and ours.")
    ] = "",
    thresholds: Annotated[
        Path | None,
        typer.Option(help="YAML: score -> language or default -> value from which rows are dropped."),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="split (kept and dropped rows), attributes (scores row by row), both.")
    ] = "split",
    attributes_format: Annotated[
        str,
        typer.Option(help="records, or dolma: also files that dolma's mixer reads (documents need an id)."),
    ] = RECORDS,
    text: TextColumn = "text",
    scope: ScopeOption = DEFAULT_SCOPE,
    classifier: ClassifierOption = None,
    device: DeviceOption = None,
    backend: BackendOption = None,
    engine: Annotated[str, typer.Option(help="local, or ray.")] = LOCAL,
    address: Annotated[
        str | None,
        typer.Option(help="Ray cluster, e.g. auto or ray://head:10001; default: one on this machine."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Model threads, or Ray actors; doesn't change the output.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and run a sample, without writing.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Read no more than this many rows; 0: all.")] = 0,
    max_chars: Annotated[int, typer.Option(min=1, help="Longer texts are rejected.")] = 1_000_000,
    shard_rows: Annotated[
        int,
        typer.Option(
            min=16, help="Rows per shard (fewer if rows exceed a KiB), the unit of writing and resuming."
        ),
    ] = 1024,
    compression: Annotated[str, typer.Option(help="Of JSONL outputs: zst, gz, none.")] = "zst",
    early_drop: Annotated[
        bool,
        typer.Option(
            "--early-drop",
            help="Drop rows that classifiers of shallow layers rule out without running deeper blocks for them.",
        ),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print where the time went, part by part (local engine).")
    ] = False,
) -> None:
    """Keep the rows that meet a condition; a stopped run can be resumed.

    Columns that are added: toxicity, toxicity_flagged, lang, lang_score, lang_scores, the same for domain,
    sentiment and task_type, chars, tokens. If the input has a column of the same name, write input.lang or ours.lang.
    Exit code 0: done; 3: done, with unreadable rows in rejected/; 1: failed, continue with --resume; 2: bad usage.

    Example: `scopesift filter posts/*.jsonl.gz --out clean --where "toxicity < 0.5 AND lang IN ('fr','de')"`

    Example: `scopesift filter s3://bucket/crawl --out /shared/scores --mode attributes --engine ray --address auto`
    """
    if engine not in (LOCAL, RAY):
        raise UsageError(f"--engine is {LOCAL} or {RAY}, not {engine!r}")
    if address is not None and engine != RAY:
        raise UsageError("--address is for --engine ray")
    if profile and (engine != LOCAL or dry_run):
        raise UsageError("--profile is for a run with --engine local")
    settings = FilterSettings(
        text=text,
        where=where,
        mode=mode,
        attributes_format=attributes_format,
        max_chars=max_chars,
        shard_rows=shard_rows,
        shard_bytes=shard_rows * ROW_BYTES,
        compression=compression,
        limit=limit,
        early_drop=early_drop,
    )
    if settings.splits and not where.strip() and thresholds is None:
        raise UsageError(
            "no condition: give one with --where or --thresholds; --mode attributes writes scores without one"
        )
    loaded = load_engine(scope, classifier or [], device, backend)
    if thresholds is not None:
        cuts = read_thresholds(thresholds, list(loaded.classifiers.values()))
        settings = FilterSettings(**{**settings.to_dict(), "thresholds": cuts})
    plan = make_plan(inputs, out, settings, loaded)
    if plan.shadowed:
        say(
            f"columns of the input with the same name as ours: {', '.join(plan.shadowed)} (write input. or ours.)"
        )
    for line in plan.unknown_labels:
        say(f"warning: {line}")
    if plan.unread:
        shown = ", ".join(plan.unread[:UNREAD_SHOWN]) + (", …" if len(plan.unread) > UNREAD_SHOWN else "")
        say(f"files of other formats, not read: {len(plan.unread):,} ({shown})")
    if dry_run:
        _tell_estimate(plan)
        return
    known = [file.size for file in plan.files]
    size = None if limit or min(known) < 0 else sum(known)
    cluster = Cluster(address, workers) if engine == RAY else None
    times = Profile() if profile else None
    with filtering(size) as progress:

        def on_shard(tally: Tally, marker: Marker) -> None:
            progress(tally)

        tally = run_filter(
            plan, resume=resume, cluster=cluster, workers=workers, profile=times, on_shard=on_shard
        )
    _tell_summary(plan, tally)
    if times is not None:
        messages.print(profile_table(times, tally))
    if tally.rejected:
        raise typer.Exit(REJECTED)


def _tell_summary(plan: RunPlan, tally: Tally) -> None:
    say(
        f"{counted(tally.rows, 'row')} in: {tally.kept:,} kept ({tally.kept_share:.1%}), {tally.dropped:,} dropped, "
        f"{tally.rejected:,} rejected"
    )
    if tally.rejected:
        reasons = ", ".join(f"{name} {count:,}" for name, count in tally.counts["reason of rejected"].items())
        say(f"unreadable rows are in {plan.out / 'rejected'}: {reasons}; exit code {REJECTED}")
    done = f", done before: {counted(tally.earlier, 'row')}" if tally.earlier else ""
    say(f"{tally.docs_per_s:,.0f} docs/s, {tally.tokens_per_s:,.0f} tokens/s in {tally.seconds:,.1f} s{done}")
    say(f"wrote {plan.out}: manifest.json, report.html")


def _tell_estimate(plan: RunPlan) -> None:
    bytes_in = sum(max(file.size, 0) for file in plan.files)
    say(f"files: {len(plan.files):,} ({bytes_in / 2**20:,.1f} MiB on disk), in groups: {len(plan.groups):,}")
    found = estimate(plan)
    if found is None:
        say("no rows")
        return
    read = found.sampled - found.rejected
    say(
        f"of the first {counted(found.sampled, 'row')} read {found.rejected:,} were unreadable, "
        f"{found.kept:,} of the other {read:,} would be kept; {found.tokens / max(read, 1):.0f} tokens a row"
    )
    if found.rows is not None and found.seconds is not None:
        say(
            f"about {counted(found.rows, 'row')} in all; about {max(found.seconds, 1):,.0f} s on this machine once the "
            "model is loaded (computed from this sample; compressed files are assumed to hold three times their size)"
        )
    say("nothing was written; leave out --dry-run to start the run")
