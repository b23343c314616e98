from dataclasses import replace

import pytest

pytest.importorskip("ray", reason="Ray is not installed; pip install 'scopesift[ray]'")


@pytest.fixture(scope="module")
def cluster():
    """Two nodes on this machine; the second holds the workers' cores."""
    import ray
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 96 * 2**20, "include_dashboard": False}
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **small})
    nodes.add_node(num_cpus=2, object_store_memory=96 * 2**20)
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.mark.timeout(900)
def test_two_workers_on_two_nodes_give_the_bytes_of_a_local_run(
    cluster, engine, texts, write_jsonl, run, bytes_of, tmp_path
):
    from scopesift_filtering.run_filter import Cluster, run_filter
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    inputs = [write_jsonl("a.jsonl", [{"text": text} for text in texts(40)]), tmp_path / "b.csv"]
    inputs[1].write_text("id,text\n1,a cat\n2\n3,a dog\n")
    where, out = "toxicity < 0.5", tmp_path / "ray"
    run(inputs, tmp_path / "local", where=where, mode="both")
    settings = FilterSettings(where=where, mode="both", shard_rows=16, compression="none", batch_tokens=512)
    plan = make_plan([str(path) for path in inputs], out, settings, engine)
    tally = run_filter(plan, cluster=Cluster(workers=2))
    assert bytes_of(out) == bytes_of(tmp_path / "local")
    assert (tally.rows, tally.rejected, tally.earlier) == (43, 1, 0)
    again = run_filter(plan, resume=True, cluster=Cluster(workers=1))
    assert again.earlier == 43


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_workers_read_in_the_precision_of_the_driver(
    engine, tiny_scope_folder, write_jsonl, tmp_path, monkeypatch, dtype
):
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_features.scope import Scope
    from scopesift_filtering.engines.ray import _task, _Worker
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    driver = Scope.load(tiny_scope_folder, device="cpu", dtype=dtype)
    driven = Engine(driver, [replace(one, settings=driver.settings) for one in engine.classifiers.values()])
    inputs = [str(write_jsonl("a.jsonl", [{"text": "a cat"}]))]
    task = _task(make_plan(inputs, tmp_path / "out", FilterSettings(where="toxicity < 0.5"), driven))
    other = {"float32": "bfloat16", "bfloat16": "float32"}[dtype]  # what the worker's hardware would choose
    monkeypatch.setattr(
        "scopesift_features.scope.choose_dtype", lambda settings, device, asked: asked or other
    )
    assert _Worker(task).engine.scope.settings.dtype == dtype


def test_a_worker_drops_early_as_a_local_run_does(engine, texts, write_jsonl, run, bytes_of, tmp_path):
    import pickle

    from scopesift_filtering.engines.local import shards_of
    from scopesift_filtering.engines.ray import _task, _Worker
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.run_record import open_run
    from scopesift_filtering.settings import FilterSettings

    inputs = [write_jsonl("a.jsonl", [{"text": text} for text in texts(40)])]
    where, out = "toxicity < 0.5 AND lang IN ('de', 'en')", tmp_path / "ray"
    run(inputs, tmp_path / "local", where=where, early_drop=True)
    settings = FilterSettings(
        where=where, shard_rows=16, compression="none", batch_tokens=512, early_drop=True
    )
    plan = make_plan([str(inputs[0])], out, settings, engine)
    open_run(out, plan.record, resume=False)
    worker = _Worker(_task(plan))
    worker({"shard": [pickle.dumps(shard) for shard in shards_of(plan)]})
    assert bytes_of(out) == bytes_of(tmp_path / "local")
