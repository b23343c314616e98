"""The SAE recipe on a tiny random backbone: text in, a scope out, in one call or in several."""

import json
import random
import shutil

import pytest
import torch
import typer
from scopesift_features.reader import Reader
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError
from typer.testing import CliRunner

from recipes.sae import run
from recipes.sae.__main__ import main
from recipes.sae.pool import filling as pool_filling
from recipes.sae.pool.documents import part_of
from recipes.sae.run import Run, UnfinishedError
from recipes.sae.schedule import Schedule
from recipes.sae.training import TrainingSettings

WORDS = [
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "and",
    "who",
    "knows",
    "where",
    "time",
    "goes",
    "rain",
    "tree",
]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    rng = random.Random(0)
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    lines = [" ".join(rng.choices(WORDS, k=rng.randint(3, 20))) for _ in range(600)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def make_run(tiny_scope_folder, text, tmp_path):
    def make(out="out", work="work", **changes):
        options = {
            "reader": Reader.load(tiny_scope_folder, device="cpu"),
            "layers": (1, 2),
            "files": (text,),
            "out": tmp_path / out,
            "work": tmp_path / work,
            "settings": TrainingSettings(k=8, d_sae=64, batch=256),
            "schedule": Schedule(steps=12),
            "tokens": 3000,
            "pool_bytes": 2**20,
        }
        return Run(**{**options, **changes})

    return make


def saes(folder):
    scope = Scope.load(folder, device="cpu")
    return [scope.sae(layer, decoder=True) for layer in scope.layers]


def assert_same(left, right):
    for one, other in zip(saes(left), saes(right), strict=True):
        for name in ("W_enc_FD", "b_enc_F", "W_dec_DF", "b_dec_D"):
            assert torch.equal(getattr(one, name), getattr(other, name))


def measured(folder):
    return json.loads((folder / "sae" / "measured.json").read_text())["layers"]


# 300 KiB hold 16 chunks of 120 tokens: the pool is filled once and then six chunks are replaced
@pytest.mark.parametrize(("tokens", "pool_bytes"), [(3000, 2**20), (2700, 300 * 2**10)])
def test_a_run_that_was_stopped_goes_on_to_the_same_saes(make_run, tmp_path, tokens, pool_bytes):
    size = {"tokens": tokens, "pool_bytes": pool_bytes}
    make_run("whole", "whole-work", **size).go()
    calls = 0
    while True:
        calls += 1
        try:
            make_run(call_minutes=0, **size).go()
            break
        except UnfinishedError:
            assert calls < 60
    assert calls > 12
    assert_same(tmp_path / "whole", tmp_path / "out")


def test_a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_saes(make_run, tmp_path, monkeypatch):
    small = {"tokens": 2700, "pool_bytes": 300 * 2**10}
    make_run("whole", "whole-work", **small).go()
    real, steps = run.LayerTraining.step, []

    def killed(self, x_TD, share):
        if len(steps) == 17:
            raise KeyboardInterrupt
        steps.append(share)
        real(self, x_TD, share)

    monkeypatch.setattr(run.LayerTraining, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        make_run(**small).go()
    monkeypatch.setattr(run.LayerTraining, "step", real)
    make_run(**small).go()
    assert_same(tmp_path / "whole", tmp_path / "out")


@pytest.mark.parametrize(("tokens", "pool_bytes"), [(3000, 2**20), (2700, 300 * 2**10)])
def test_tokens_drawn_from_a_copy_on_the_device_give_the_same_saes(
    make_run, tmp_path, monkeypatch, tokens, pool_bytes
):
    size = {"tokens": tokens, "pool_bytes": pool_bytes}
    make_run("from-disk", "work", **size).go()
    monkeypatch.setattr(run.PoolOnDevice, "fits", lambda _pool, _device: True)
    make_run("from-device", "other-work", **size).go()
    assert_same(tmp_path / "from-disk", tmp_path / "from-device")


def test_training_lowers_what_is_left_unexplained_on_held_out_text(make_run, tmp_path):
    make_run("one", schedule=Schedule(steps=1)).go()
    make_run("many", schedule=Schedule(steps=60)).go()
    before, after = measured(tmp_path / "one"), measured(tmp_path / "many")
    for layer in ("1", "2"):
        assert after[layer]["test"]["fvu"] < 0.8 * before[layer]["test"]["fvu"]
        assert after[layer]["test"]["active"] <= 8


def test_the_scope_that_is_written_loads_and_gives_the_measured_fidelity(make_run, tmp_path):
    make_run().go()
    scope = Scope.load(tmp_path / "out", device="cpu")
    assert (scope.layers, scope.d_sae, scope.k) == ((1, 2), 64, 8)
    reading = [(1, scope.sae(1)), (2, scope.sae(2))]
    assert all(sae.layer == layer for layer, sae in reading)
    card = (tmp_path / "out" / "sae" / "README.md").read_text()
    assert f"| 2 | {measured(tmp_path / 'out')['2']['test']['fvu']:.3f} |" in card


def test_no_held_out_document_is_trained_on(make_run, monkeypatch):
    read = {"train": set(), "held out": set()}
    real = pool_filling.make_windows
    filling = []

    def watched(reader, texts, **options):
        read["train" if filling else "held out"].update(texts)
        return real(reader, texts, **options)

    fill = pool_filling.PoolFiller.fill_generation
    monkeypatch.setattr(pool_filling, "make_windows", watched)
    monkeypatch.setattr(
        pool_filling.PoolFiller,
        "fill_generation",
        lambda self, *args: (filling.append(1), fill(self, *args))[1],
    )
    make_run().go()
    assert len(read["train"]) > 100
    assert all(part_of(text) == "train" for text in read["train"])
    assert all(part_of(text) != "train" for text in read["held out"])


def test_the_pool_never_takes_more_disk_than_allowed(make_run, tmp_path, monkeypatch):
    most = []
    real = run.ResidualPool.save

    def weigh(pool):
        most.append(sum(path.stat().st_size for path in pool.folder.glob("*.f16*")))
        real(pool)

    monkeypatch.setattr(run.ResidualPool, "save", weigh)
    make_run(tokens=2700, pool_bytes=300 * 2**10).go()
    assert len(most) > 20
    assert 200 * 2**10 < max(most) <= 300 * 2**10


def test_layers_are_added_to_a_scope_that_has_others(make_run, tmp_path):
    make_run(layers=(1,)).go()
    first, said = saes(tmp_path / "out")[0], []
    make_run(layers=(3,), say=said.append).go()
    assert Scope.load(tmp_path / "out", device="cpu").layers == (1, 3)
    assert torch.equal(saes(tmp_path / "out")[0].W_enc_FD, first.W_enc_FD)
    assert set(measured(tmp_path / "out")) == {"1", "3"}
    assert "it is filled again" in said[0]


def test_sentence_pairs_can_be_added_to_a_finished_run(make_run, tmp_path):
    make_run().go()
    assert "twin" not in (tmp_path / "out" / "sae" / "README.md").read_text()
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("the cat sat\tthe cat sat\nwho knows\twho knows\n")
    make_run(parallel=pairs).go()
    assert measured(tmp_path / "out")["1"]["twins"] == {"share": 1.0, "pairs": 2}
    assert "| finds its twin |" in (tmp_path / "out" / "sae" / "README.md").read_text()


def test_a_finished_run_is_not_done_again(make_run, tmp_path):
    make_run().go()
    before = (tmp_path / "out" / "sae" / "layer1.sae.safetensors").stat().st_mtime_ns
    said = []
    make_run(say=said.append).go()
    assert said == [f"{tmp_path / 'out'}: these SAEs are there already"]
    assert (tmp_path / "out" / "sae" / "layer1.sae.safetensors").stat().st_mtime_ns == before


def test_what_other_runs_left_in_the_pool_changes_nothing(make_run, tmp_path):
    small = {"tokens": 1500, "pool_bytes": 300 * 2**10}
    make_run("fresh", "fresh-work", **small).go()
    make_run("other", **{**small, "tokens": 2700}).go()
    make_run(**small).go()
    assert_same(tmp_path / "fresh", tmp_path / "out")


def test_another_k_uses_the_same_pool(make_run, tmp_path, monkeypatch):
    make_run("k8").go()
    monkeypatch.setattr(pool_filling, "stream_residuals", None)  # reading text again would fail
    make_run("k4", settings=TrainingSettings(k=4, d_sae=64, batch=256)).go()
    assert measured(tmp_path / "k4")["1"]["test"]["active"] <= 4


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"layers": (1, 4)}, "tiny has no layer 4; its layers are 0 to 3"),
        ({"layers": ()}, "no layer is named"),
        ({"settings": TrainingSettings(k=65, d_sae=64)}, "k is 65, more than the 64 features"),
        ({"settings": TrainingSettings(k=8, d_sae=64, batch=10**6), "tokens": None}, "less than a batch"),
        ({"pool_bytes": 1000}, "--pool-gib must be at least"),
        ({"files": ()}, "no text file is named"),
    ],
)
def test_what_cannot_be_is_refused(make_run, changes, says):
    with pytest.raises(UsageError, match=says):
        make_run(**changes).go()


def test_an_output_with_another_backbone_is_refused_and_kept(make_run, write_scope, tmp_path):
    other = write_scope(tmp_path / "out", seed=5)
    before = sorted((path, path.stat().st_mtime_ns) for path in other.rglob("*"))
    with pytest.raises(UsageError, match="holds another backbone than tiny"):
        make_run().go()
    assert sorted((path, path.stat().st_mtime_ns) for path in other.rglob("*")) == before


def test_a_backbone_folder_that_is_no_scope_yet_is_known_by_its_weights(make_run, write_scope, tmp_path):
    other = write_scope(tmp_path / "out", seed=5)
    (other / "scope.json").unlink()
    with pytest.raises(UsageError, match="holds another backbone than tiny"):
        make_run().go()


def test_a_scope_without_saes_gets_them_in_its_own_folder(make_run, copy_of_tiny_scope):
    shutil.rmtree(copy_of_tiny_scope / "sae")
    weights = (copy_of_tiny_scope / "backbone" / "model.safetensors").read_bytes()
    make_run(reader=Reader.load(copy_of_tiny_scope, device="cpu"), out=copy_of_tiny_scope).go()
    assert Scope.load(copy_of_tiny_scope, device="cpu").layers == (1, 2)
    assert (copy_of_tiny_scope / "backbone" / "model.safetensors").read_bytes() == weights


def test_an_output_with_saes_of_other_sizes_is_refused_before_training(make_run):
    make_run().go()
    with pytest.raises(UsageError, match="share their sizes"):
        make_run(settings=TrainingSettings(k=4, d_sae=64, batch=256)).go()


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--steps", "1", "--minutes", "1"], 2, "give either --steps"),
        (["--minutes", "0"], 2, "--minutes must be more than 0"),
        (["--steps", "1", "--layers", "one"], 2, "--layers must be numbers"),
        (["--steps", "1", "--text", "nowhere.txt"], 2, "nowhere.txt: there is no such file"),
        (["--minutes", "0.01", "--tokens", "2000", "--batch", "256", "--k", "4"], 0, "held-out tokens"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(tiny_scope_folder, text, tmp_path, options, code, says):
    app = typer.Typer()
    app.command()(main)
    command = ["--scope", str(tiny_scope_folder), "--layers", "1", "--text", str(text), "--device", "cpu"]
    command += ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), *options]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == code, done.output
    assert says in done.stderr
    assert (done.stderr.count("\n") == 1) == (code == 2)
