"""Runs a plan: lock, resume, engine, checks, manifest and report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from scopesift_files.atomic import remove_leftovers
from scopesift_files.errors import InputError
from scopesift_files.lock import one_at_a_time

from scopesift_filtering.dolma_attributes import write_dolma_attributes
from scopesift_filtering.engines.local import run_local
from scopesift_filtering.engines.profile import Profile
from scopesift_filtering.manifest import write_manifest
from scopesift_filtering.report import write_run_report
from scopesift_filtering.run_plan import RunPlan
from scopesift_filtering.run_record import open_run
from scopesift_filtering.shards.marker import Marker, marked_shards
from scopesift_filtering.tally import Tally

LOCAL, RAY = "local", "ray"


@dataclass(frozen=True)
class Cluster:
    """Where the Ray engine runs.

    Attributes:
        address: of the cluster; None: start one on this machine.
        workers: model actors.
    """

    address: str | None = None
    workers: int | None = None


def run_filter(
    plan: RunPlan,
    *,
    resume: bool = False,
    cluster: Cluster | None = None,
    workers: int | None = None,
    profile: Profile | None = None,
    on_shard: Callable[[Tally, Marker], None] | None = None,
) -> Tally:
    """Run a plan.

    Args:
        plan: what to do.
        resume: continue the run in the output folder.
        cluster: run on Ray; None: in this process.
        workers: model threads of the local engine; None: see `worker_count`.
        profile: gets the time of every part of the local engine.
        on_shard: called after each shard with the totals so far.

    Returns:
        The totals of the whole run, including shards done earlier.

    Raises:
        UsageError: another process uses the folder, or it holds another run, or this run and `resume` is false.
        InputError: the input changed since a shard was written.
        ScopeError: a file can't be written.
    """
    with one_at_a_time(plan.out, remedy="choose another --out"):
        open_run(plan.out, plan.record, resume=resume)
        remove_leftovers(plan.out)
        tally = Tally(started=time.monotonic())

        def count(marker: Marker, before: bool) -> None:
            tally.add(marker, before=before)
            if on_shard is not None:
                on_shard(tally, marker)

        if cluster is None:
            names = run_local(plan, count, workers, profile)
        else:
            from scopesift_filtering.engines.ray import run_ray

            names = run_ray(plan, count, address=cluster.address, workers=cluster.workers)
        gone = sorted(marked_shards(plan.out) - names)
        if gone:
            raise InputError(
                f"the input changed: shard {gone[0]} was written earlier and is not in it any more; "
                "put the old files back, or choose another --out for the new ones"
            )
        remove_leftovers(plan.out)
        if plan.settings.dolma:
            classifiers = list(plan.engine.classifiers.values())
            tally.outputs.update(write_dolma_attributes(plan.out, plan.dolma_names, classifiers))
        write_manifest(plan, tally, engine=LOCAL if cluster is None else RAY)
        write_run_report(plan, tally)
    return tally
