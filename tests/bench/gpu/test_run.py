"""The one command for a GPU: what its steps come to, and its tables where no GPU has run it and where one has."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest
import torch

from bench import results_file
from bench.encode import tables as encode_tables
from bench.errors import BenchError
from bench.gpu import run as gpu
from bench.gpu import tables as gpu_tables
from bench.gpu.run import Step

PYTHON = (sys.executable, "-c")


@pytest.fixture
def a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")


@pytest.mark.usefixtures("a_gpu")
def test_a_step_that_fails_hangs_or_is_missing_is_named_and_the_others_run(tmp_path, capfd):
    steps = (
        Step("fails", (*PYTHON, "raise SystemExit(7)"), 60),
        Step("hangs", (*PYTHON, "import time; time.sleep(60)"), 6),
        Step("missing", ("no-such-program",), 60),
        Step("works", (*PYTHON, f"open({str(tmp_path / 'done')!r}, 'w')"), 60),
    )
    with pytest.raises(BenchError, match="3 of 4 steps went wrong: fails, hangs, missing"):
        gpu.run(tmp_path, minutes=1, steps=steps)
    assert (tmp_path / "done").exists()
    said = capfd.readouterr().out
    for outcome in (
        "failed with exit code 7",
        "stopped after 6 s",
        "no-such-program isn't installed",
        "| works | done |",
    ):
        assert outcome in said


@pytest.mark.usefixtures("a_gpu")
def test_what_finds_no_time_is_named_and_is_no_failure(tmp_path, capfd):
    slow = (*PYTHON, "import time; time.sleep(60)")
    gpu.run(tmp_path, minutes=0.1, steps=(Step("cut", slow, 30), Step("late", slow, 30)))
    said = capfd.readouterr().out
    assert "| cut | no time left |" in said
    assert "| late | no time left | 0 |" in said


@pytest.mark.usefixtures("a_gpu")
def test_a_step_that_is_killed_leaves_nothing_behind_and_does_not_run_on(tmp_path, monkeypatch):
    """Its temporary files would fill the disk, and it the GPU."""
    mark = tmp_path / "mark"
    code = f"""
import tempfile, time
with tempfile.TemporaryDirectory() as place:
    open({str(mark)!r}, "w").write(place)
    time.sleep(8)
    open({str(mark)!r}, "a").write(" ran on")
"""
    with pytest.raises(BenchError):
        gpu.run(tmp_path, minutes=1, steps=(Step("hangs", (*PYTHON, code), 5),))
    assert not Path(mark.read_text()).exists()
    time.sleep(3.5)
    assert "ran on" not in mark.read_text()


@pytest.mark.usefixtures("a_gpu")
def test_benchmarks_write_where_out_says(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("OUT", str(tmp_path))
    monkeypatch.setattr(gpu, "_BENCH", (*PYTHON, "import sys; print('given', sys.argv[1:])"))
    gpu.run(steps=(Step("a benchmark", (*gpu._BENCH, "device"), 60),))
    assert f"given ['device', '--out', '{tmp_path}']" in capfd.readouterr().out


@pytest.mark.usefixtures("a_gpu")
def test_rows_that_are_there_already_are_taken_along_and_what_out_holds_stays(tmp_path, monkeypatch):
    results, out = tmp_path / "results", tmp_path / "out"
    for folder in (results, out):
        folder.mkdir()
    for name in ("encode-gpu", "throughput-gpu", "encode-amx-cpu"):
        (results / f"{name}.json").write_text("stored")
    (out / "encode-gpu.json").write_text("newer")
    monkeypatch.setattr(gpu, "RESULTS", results)
    gpu.run(out, steps=())
    assert {path.name: path.read_text() for path in out.iterdir()} == {
        "encode-gpu.json": "newer",
        "throughput-gpu.json": "stored",
    }


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_without_a_gpu_it_says_so_at_once():
    with pytest.raises(BenchError, match="no CUDA device is visible here"):
        gpu.run()


def test_every_test_that_a_step_names_is_there():
    root = Path(gpu.__file__).parents[2]
    assert all((root / name).is_file() for name in gpu._TRITON_TESTS)


def test_tables_say_that_nothing_was_measured_until_a_gpu_has_run(tmp_path, monkeypatch):
    monkeypatch.setattr(results_file, "RESULTS", tmp_path)
    monkeypatch.setattr(gpu_tables, "RESULTS", tmp_path)
    assert gpu_tables.encode() == gpu_tables.whole_runs() == gpu_tables.UNMEASURED


def test_tables_are_made_of_what_a_gpu_has_left(tmp_path, monkeypatch):
    """The CPU's own results stand in for a GPU's: they have the same shape."""
    shutil.copy(results_file.RESULTS / "encode-amx-cpu.json", tmp_path / "encode-gpu.json")
    (tmp_path / "device-gpu.json").write_text(json.dumps({"gemm_tflops": 790.0, "copy_gb_per_s": 3000.0}))
    monkeypatch.setattr(results_file, "RESULTS", tmp_path)
    monkeypatch.setattr(gpu_tables, "RESULTS", tmp_path)
    table = gpu_tables.encode()
    assert encode_tables.full_table(results_file.stored("encode-gpu")) in table
    assert "bare bf16 product 790 TFLOP/s, copy 3,000 GB/s" in table
