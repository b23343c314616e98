"""The Ray engine: Ray Data streams shards from reading tasks to model actors, which write them."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scopesift_files.errors import InputError, ScopeError, ScopesiftError, UsageError

from scopesift_filtering.condition import parse_condition
from scopesift_filtering.engines.local import OnShard
from scopesift_filtering.inputs import Group
from scopesift_filtering.run_plan import RunPlan
from scopesift_filtering.run_record import RECORD
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.marker import Marker, find_marker
from scopesift_filtering.shards.shard import Shard, read_shards

OBJECT_STORE = 512 * 2**20  # bytes, for a cluster that is started here; shards are a few MiB each
ERRORS = {kind.__name__: kind for kind in (InputError, ScopeError, UsageError, ScopesiftError)}


@dataclass(frozen=True)
class NodeTask:
    """What a node needs of a run; picklable.

    Attributes:
        out: folder that is shared by all nodes.
        settings: as in the plan.
        scope: name or folder of the scope on every node; its hash is checked there.
        device: where the model runs.
        dtype: precision of the backbone, chosen by the driver, since workers' hardware may differ.
        classifiers: artifacts as JSON.
        columns: Arrow schema of the input columns that the condition reads.
        run: digest of the run's identity.
    """

    out: Path
    settings: FilterSettings
    scope: str
    device: str
    dtype: str
    classifiers: list[str]
    columns: Any
    run: str


def run_ray(plan: RunPlan, on_shard: OnShard, *, address: str | None, workers: int | None) -> set[str]:
    """Run all shards that are not done on a Ray cluster.

    Shards of nodes that die are run again elsewhere, with the same output on the same kind of processor.

    Args:
        plan: the run; inputs, output folder and scope must be reachable from all nodes.
        on_shard: called for each shard with its marker and whether it was done before.
        address: of the cluster; None: start one on this machine and stop it at the end.
        workers: model actors; None: one per GPU, or cores / threads per product on CPUs.

    Returns:
        Names of all shards of the input.

    Raises:
        UsageError: Ray is not installed or not reachable.
        ScopesiftError: of the first shard that failed; finished shards are kept.
    """
    ray, started = _connect(address)
    try:
        return _run(ray, plan, on_shard, workers)
    finally:
        if started:
            ray.shutdown()


def _run(ray: Any, plan: RunPlan, on_shard: OnShard, workers: int | None) -> set[str]:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    task = _task(plan)
    # a limit counts rows from the start, so with a limit one task reads all groups
    parts = [plan.groups] if plan.settings.limit else [[group] for group in plan.groups]
    on_gpu = plan.engine.scope.device != "cpu"
    each = {"num_gpus": 1} if on_gpu else {"num_cpus": plan.settings.threads}
    resources = ray.cluster_resources()
    room = resources.get("GPU", 0) if on_gpu else resources.get("CPU", 1) // plan.settings.threads
    actors = workers or max(1, int(room))
    shards = ray.data.from_items(
        [{"groups": pickle.dumps(part)} for part in parts], override_num_blocks=len(parts)
    )
    done = shards.map_batches(
        _read, fn_args=(task,), batch_size=1, batch_format="numpy", num_cpus=0.1
    ).map_batches(
        _Worker,
        fn_constructor_args=(task,),
        batch_size=1,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(size=actors),
        **each,
    )
    names = set()
    for row in done.iter_rows():
        answer = json.loads(row["answer"])
        if "error" in answer:
            raise ERRORS[answer["kind"]](answer["error"])
        marker = Marker(**answer["marker"])
        names.add(marker.shard)
        on_shard(marker, bool(answer["before"]))
    return names


def _task(plan: RunPlan) -> NodeTask:
    scope = plan.engine.scope
    return NodeTask(
        out=plan.out.resolve(),
        settings=plan.settings,
        scope=scope.id if scope.bundled else str(scope.folder.resolve()),
        device=scope.device,
        dtype=scope.settings.dtype,
        classifiers=[one.to_json() for one in plan.engine.classifiers.values()],
        columns=plan.judge.input_schema,
        run=plan.record.digest,
    )


def _read(batch: dict[str, Any], task: NodeTask) -> Iterator[dict[str, Any]]:
    """Read groups; of shards that are done only the marker is sent."""
    left = task.settings.limit or None
    try:
        for groups in batch["groups"]:
            for group in pickle.loads(groups):  # noqa: S301
                for shard in _shards(group, task.settings, left):
                    left = None if left is None else left - len(shard.rows)
                    done = find_marker(task.out, shard.name, run=task.run, content=shard.content)
                    yield {"shard": [pickle.dumps(done or shard)]}
    except ScopesiftError as error:
        yield {"shard": [pickle.dumps(_failure(error))]}


def _shards(group: Group, settings: FilterSettings, left: int | None) -> Iterator[Shard]:
    return iter(()) if left is not None and left <= 0 else read_shards(group, settings, left)


class _Worker:
    """One model on one node."""

    def __init__(self, task: NodeTask) -> None:
        from scopesift_classifiers.artifact.classifier import Classifier
        from scopesift_classifiers.judging.engine import Engine
        from scopesift_features.scope import Scope

        from scopesift_filtering.shards.early_drop import EarlyDrop
        from scopesift_filtering.shards.result import RowJudge

        self.task = task
        classifiers = [Classifier.from_dict(json.loads(text), origin="the run") for text in task.classifiers]
        self.engine = Engine(Scope.load(task.scope, device=task.device, dtype=task.dtype), classifiers)
        self.reader = self.engine.reader.without_places()
        condition = parse_condition(task.settings.where)
        self.judge = RowJudge(condition, task.settings, classifiers, task.columns)
        self.early = (
            EarlyDrop(self.engine, condition, task.settings, task.columns)
            if task.settings.early_drop
            else None
        )

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"answer": [json.dumps(self._answer(pickle.loads(data))) for data in batch["shard"]]}  # noqa: S301

    def _answer(self, item: Any) -> dict[str, Any]:
        from scopesift_filtering.shards.files import write_shard
        from scopesift_filtering.shards.prepared import prepare
        from scopesift_filtering.shards.work import compute, judge_prepared

        task = self.task
        if isinstance(item, dict):
            return item
        if isinstance(item, Marker):
            return {"marker": asdict(item), "before": True}
        try:
            if not (task.out / RECORD).is_file():
                raise UsageError(
                    f"{task.out} does not exist on node {os.uname().nodename}; --out has to be shared"
                )
            prepared = prepare(self.engine, item, task.settings)
            acts_DS, early = compute(self.reader, prepared, task.settings.threads, self.early)
            result = judge_prepared(self.engine, self.judge, prepared, acts_DS, early)
            marker = write_shard(task.out, result, task.settings, task.run)
        except ScopesiftError as error:
            return _failure(error)
        return {"marker": asdict(marker), "before": False}


def _failure(error: ScopesiftError) -> dict[str, Any]:
    kind = type(error).__name__
    return {"error": str(error), "kind": kind if kind in ERRORS else ScopesiftError.__name__}


def _connect(address: str | None) -> tuple[Any, bool]:
    # Ray's telemetry is on by default; turn it off unless the user set it
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise UsageError("--engine ray needs Ray; pip install 'scopesift[filter,ray]'") from None
    if ray.is_initialized():
        return ray, False
    try:
        if address is None:
            ray.init(
                include_dashboard=False,
                object_store_memory=OBJECT_STORE,
                log_to_driver=False,
                logging_level="ERROR",
            )
        else:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:
        raise UsageError(f"Ray cannot be reached ({' '.join(str(error).split())[:200]})") from None
    return ray, True
