"""What a verdict costs in imports: module names, in a fresh process."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "sklearn", "scipy", "pyarrow", "duckdb", "bentoml", "pandas", "onnx", "ray"}
WITHOUT_TORCH = (
    "scopesift_features.scope",
    "scopesift_features.tokenizing.tokenizer",
    "scopesift_features.reading.per_token",
    "scopesift_features.reading.onnx.reader",
    "scopesift_features.catalogue.listing",
    "scopesift_classifiers.judging.engine",
    "scopesift_classifiers.judging.token_hits",
    "scopesift_classifiers.pages.explanation",
    "scopesift.commands.classify",
    "scopesift.commands.explain",
    "scopesift.commands.filter",
    "scopesift.commands.serve",
)


def imported(program, *arguments):
    """Top-level names of the modules that a program has imported at its end."""
    told = (
        f"import sys\n{program}\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_the_way_of_a_verdict_imports_nothing_heavy(module):
    assert imported(f"import {module}") & HEAVY == set()


def test_a_verdict_on_the_command_line_imports_nothing_heavy():
    pytest.importorskip("onnxruntime")
    program = "from scopesift.cli import app; app(standalone_mode=False)"
    assert imported(program, "classify", "--json", "You are an idiot.") & HEAVY == set()


def test_a_verdict_in_python_imports_nothing_heavy():
    pytest.importorskip("onnxruntime")
    program = "from scopesift import Classifier; Classifier.load('toxicity').predict(['You are an idiot.'])"
    assert imported(program) & HEAVY == set()


def test_the_help_imports_no_arrays():
    found = imported("from scopesift.cli import app; app(['--help'], standalone_mode=False)")
    assert found & (HEAVY | {"numpy", "onnxruntime", "tokenizers"}) == set()


@pytest.mark.parametrize("package", ["onnxruntime", "torch"])
def test_the_parts_are_imported_without_onnx_runtime_and_without_torch(package):
    block = f"sys.modules[{package!r}] = None\n"
    imported(block + "".join(f"import {module}\n" for module in WITHOUT_TORCH))


def test_without_torch_a_command_that_needs_it_says_what_to_install():
    program = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['scopesift', 'evaluate', 'toxicity', 'x.jsonl']\n"
        "from scopesift.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'scopesift[torch]'" in done.stderr
    assert "Traceback" not in done.stderr
