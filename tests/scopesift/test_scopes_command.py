import json

import pytest
from scopesift_features.catalogue.table import catalogue
from scopesift_features.checks.base_backbone import BaseCheck
from scopesift_features.checks.scope import LayerCheck
from scopesift_features.pulling.doctor import IN_THE_WAY, OK, Finding
from scopesift_files.errors import ScopeError, UsageError
from typer.testing import CliRunner

from scopesift.cli import app
from scopesift.commands import scopes

RUNNER = CliRunner()


def invoke(*arguments):
    return RUNNER.invoke(app, ["scopes", *map(str, arguments)])


def test_the_list_cuts_no_name_off_in_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    said = invoke("list", "--all").stdout
    assert max(map(len, said.splitlines())) <= 40
    assert set(catalogue()) <= set(said.split())


def test_the_list_says_which_columns_a_narrow_terminal_does_without(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = invoke("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:-1]] == [
        entry.id for entry in catalogue().values() if "gemma" not in entry.id
    ]
    assert lines[-1] == "left out for want of width: backbone"
    monkeypatch.setenv("COLUMNS", "120")
    assert "Qwen/Qwen3-1.7B-Base" in invoke("list").stdout


def test_unproven_groups_are_counted_and_listed_on_request_only():
    short, whole = invoke("list"), invoke("list", "--all")
    assert "gemma" not in short.stdout
    assert "and 40 groups of Gemma Scope 2, unproven: --all" in short.stderr
    assert len(whole.stdout.splitlines()) == len(short.stdout.splitlines()) + 40


@pytest.mark.parametrize("layers", ["a,b", "six", "5-2", "", "1,,2", "-1", "0-99999999", "²", "1-"])
def test_layers_that_are_no_layers_are_a_usage_error(layers):
    with pytest.raises(UsageError, match="takes numbers such as 6,14"):
        raise invoke("pull", "qwen3-8b-w64k-l0_50", f"--layers={layers}").exception


def test_ranges_and_numbers_name_layers(tiny_scope_folder):
    with pytest.raises(UsageError, match="tiny has no layer 7"):
        raise invoke("check", tiny_scope_folder, "--layers", "0, 2-3,7", "--device", "cpu").exception


def test_checking_prints_a_row_for_each_layer(tiny_scope_folder):
    result = invoke("check", tiny_scope_folder, "--layers", "0-1", "--device", "cpu")
    rows = [line.split() for line in result.stdout.splitlines() if line.split() and line.split()[0].isdigit()]
    assert [row[0] for row in rows] == ["0", "1"]
    assert [row[3] for row in rows] == ["8", "8"]
    assert "failed its checks" in str(result.exception)  # random weights explain nothing


def test_checking_a_group_over_another_backbone_prints_the_base_models_fvu_beside(monkeypatch):
    found = [LayerCheck(layer, 400, 50, 50, fvu=0.287, fvu_before=0.346) for layer in (6, 14)]
    base = BaseCheck({6: 0.28}, ["fit again on this scope"])
    monkeypatch.setattr(scopes, "check_scope", lambda *_args, **_named: found)
    monkeypatch.setattr(scopes, "check_base", lambda *_args, **_named: base)
    result = invoke("check", "group-on-other")
    rows = [line.split() for line in result.stdout.splitlines() if line.split() and line.split()[0].isdigit()]
    assert [row[5:8] for row in rows] == [["0.29", "0.28", "0.35"], ["0.29", "–", "0.35"]]
    assert "FVU of base" in result.stdout
    assert "fit again on this scope" in result.stderr
    assert result.exit_code == 0


def test_the_doctor_prints_a_line_for_each_finding_and_fails_if_something_is_in_the_way(monkeypatch):
    fine = Finding("memory", OK, "3 GiB; 9 GiB are free")
    hindrance = Finding("disk", IN_THE_WAY, "2 GiB; 1 GiB are free", "free space")
    monkeypatch.setattr(scopes, "examine", lambda *_args, **_named: [fine])
    assert invoke("doctor").stdout.split("\n") == ["ok  memory  3 GiB; 9 GiB are free", ""]
    assert invoke("doctor").exit_code == 0
    monkeypatch.setattr(scopes, "examine", lambda *_args, **_named: [fine, hindrance])
    result = invoke("doctor", "nano", "--layers", "1")
    assert result.stdout.split("\n")[1] == "in the way  disk    2 GiB; 1 GiB are free → free space"
    assert isinstance(result.exception, ScopeError)  # which the command line turns into exit code 1
    assert str(result.exception) == "nano does not run here yet; in the way: disk"
    lines = [json.loads(line) for line in invoke("doctor", "--json").stdout.splitlines()]
    assert [(line["topic"], line["state"]) for line in lines] == [("memory", OK), ("disk", IN_THE_WAY)]


def test_a_file_in_place_of_a_folder_is_named():
    with pytest.raises(UsageError, match="is a file; give a"):
        raise invoke("show", __file__).exception


def test_costs_are_printed_a_step_a_line_with_what_they_rest_on(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    said = invoke("cost", "qwen3-1.7b-w32k-l0_50", "--layers", "6,14", "--mbit", "50").stdout
    assert max(map(len, said.splitlines())) <= 40
    assert [line for line in said.splitlines() if line[0] != " "][:2] == [
        "pull layers 6, 14",
        "check layers 6, 14",
    ]
    assert "Computed, not measured: a network of 50 Mbit/s" in " ".join(said.split())
    assert "flash-linear-attention" not in said
    assert "flash-linear-attention" in invoke("cost", "qwen3.5-2b-w32k-l0_50").stdout


def test_costs_as_json_hold_the_assumptions():
    found = json.loads(invoke("cost", "qwen3-1.7b-w32k-l0_50", "--tokens", "80", "--json").stdout)
    assert found["layers"] == [18]
    assert found["assumed"]["tokens_per_text"] == 80
    assert found["computed"][0]["fetched"] > 0


def test_costs_of_what_is_never_pulled_are_bad_usage():
    with pytest.raises(UsageError, match="nothing is pulled"):
        raise invoke("cost", "nano").exception
