"""Whether a new nano is better than the one in use."""

import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recipes.nano.comparison import compare, main

BUNDLED = Path(str(files("scopesift") / "bundled" / "nano"))


@pytest.fixture
def twin(tmp_path):
    """The bundled scope's numbers, free to be changed: `twin(part, change)`."""
    shutil.copy(BUNDLED / "measured.json", tmp_path)
    shutil.copytree(BUNDLED / "classifiers", tmp_path / "classifiers")
    (tmp_path / "backbone").mkdir()
    shutil.copy(BUNDLED / "backbone" / "tokenizer.json", tmp_path / "backbone")

    def changed(part, change):
        path = tmp_path / part
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")
        return tmp_path

    return changed


def run(*folders):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(folder) for folder in folders])


def test_a_lower_loss_and_a_higher_f1_are_gains(twin):
    twin("measured.json", lambda content: content["sae"]["1"].update(fvu=content["sae"]["1"]["fvu"] - 0.01))
    new = twin("classifiers/domain.json", lambda content: content["fit"].update(dev_accuracy=0.9))
    gains = {row.name: row.gain for row in compare(BUNDLED, new)}
    assert gains.pop("FVU of layer 1") == pytest.approx(0.01)
    assert gains.pop("domain, dev_accuracy") > 0.4
    assert set(gains.values()) == {0.0}
    assert run(BUNDLED, new).exit_code == 0


def test_what_is_worse_fails_the_command_and_is_shown(twin):
    new = twin("measured.json", lambda content: content["dev_loss"].update(en=99.0))
    result = run(BUNDLED, new)
    assert result.exit_code == 1
    assert "dev loss" in result.output


def test_rows_of_the_test_split_are_not_looked_at(twin):
    new = twin("classifiers/toxicity.json", lambda content: content.update(quality={}))
    assert run(BUNDLED, new).exit_code == 0


def test_scopes_with_other_tokenizers_are_not_compared(twin):
    new = twin("backbone/tokenizer.json", lambda content: content["model"].update(unk_token="<unk>"))
    result = run(BUNDLED, new)
    assert result.exit_code == 2
    assert "the tokenizers of" in result.output


def test_a_folder_that_is_no_finished_scope_is_named(tmp_path):
    result = run(BUNDLED, tmp_path)
    assert result.exit_code == 2
    assert "tokenizer.json" in result.output
