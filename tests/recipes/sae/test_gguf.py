"""SAEs for a model that somebody has on disk for llama.cpp or Ollama."""

import shutil

import pytest
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from typer.testing import CliRunner

from recipes.sae.__main__ import main


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "lines.txt"
    words = ["the cat", "sat on", "a mat", "and watched", "the rain", "who knows", "where", "time goes"]
    lines = [" ".join(words[(n * k) % 8] for k in range(1, 3 + n % 6)) + f" {n}" for n in range(500)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_recipe_makes_a_scope_of_a_file_alone(gguf_file, text, tmp_path):
    import typer

    app = typer.Typer()
    app.command()(main)
    blob = tmp_path / "sha256-0123abcd"
    shutil.copyfile(gguf_file("llama").path, blob)
    options = [
        *("--scope", str(blob), "--layers", "1,2", "--text", str(text), "--out", str(tmp_path / "my-scope")),
        *("--steps", "8", "--k", "8", "--d-sae", "64", "--batch", "256", "--work", str(tmp_path / "work")),
        *("--pool-gib", "0.001", "--tokens", "2000"),
    ]
    for _ in range(2):  # the second finds everything there
        done = CliRunner().invoke(app, options)
        assert done.exit_code == 0, done.output
    scope = Scope.load(tmp_path / "my-scope", device="cpu")
    assert (scope.id, scope.layers, scope.d_model) == ("my-scope", (1, 2), 32)
    blob.unlink()
    assert document_features(scope, ["the cat sat on a mat"], [1, 2]).acts[1].nnz > 0
