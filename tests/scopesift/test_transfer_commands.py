import json

import pytest
from scopesift_files.errors import UsageError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPESIFT_CACHE", str(tmp_path / "cache"))


def write(path, n, splits):
    with path.open("w") as stream:
        for at in range(n):
            word = "böser Dummkopf" if at % 2 else "schönes Wetter"
            row = {"text": f"{word} {at}", "label": "toxic" if at % 2 else "clean"}
            stream.write(
                json.dumps(row | ({"split": splits[at // 2 % len(splits)]} if splits else {})) + "\n"
            )
    return path


def test_transfer_writes_an_artifact_and_shows_every_strategy(artifact, tiny_scope_folder, tmp_path, invoke):
    few, out = write(tmp_path / "de.jsonl", 24, None), tmp_path / "out.json"
    result = invoke(
        "transfer", artifact, "--train", few, "--lang", "de", "--out", out, "--scope", tiny_scope_folder
    )
    assert result.exit_code == 0, result.exception
    assert list(json.loads(out.read_text())["by_lang"]) == ["de"]
    for name in ("zero_shot", "thresholds", "reranked", "refitted_log_odds"):
        assert name in result.stdout


def test_transfer_json_is_one_object(artifact, tiny_scope_folder, tmp_path, invoke):
    few, out = write(tmp_path / "de.jsonl", 24, None), tmp_path / "out.json"
    result = invoke(
        "transfer",
        artifact,
        "--train",
        few,
        "--lang",
        "de",
        "--out",
        out,
        "--scope",
        tiny_scope_folder,
        "--json",
    )
    found = json.loads(result.stdout)
    assert found["chosen"] in [row["name"] for row in found["strategies"]]
    assert found["version"] == json.loads(out.read_text())["version"]


def test_a_learning_curve_draws_from_train_rows_and_measures_on_test_rows(
    artifact, tiny_scope_folder, tmp_path, invoke
):
    rows = write(tmp_path / "de.jsonl", 80, ["train", "train", "train", "test"])
    result = invoke(
        "transfer",
        artifact,
        "--train",
        rows,
        "--lang",
        "de",
        "--scope",
        tiny_scope_folder,
        "--learning-curve",
        "--json",
    )
    assert result.exit_code == 0, result.exception
    found = json.loads(result.stdout)
    assert (found["train_rows"], found["test_rows"]) == ({"de": 60}, {"de": 20})
    assert set(found["few"]["de"]) == {"0.1", "0.25", "1"}


def test_a_learning_curve_needs_rows_to_measure_on(artifact, tiny_scope_folder, tmp_path, invoke):
    rows = write(tmp_path / "de.jsonl", 24, None)
    result = invoke(
        "transfer",
        artifact,
        "--train",
        rows,
        "--lang",
        "de",
        "--scope",
        tiny_scope_folder,
        "--learning-curve",
    )
    assert isinstance(result.exception, UsageError)
    assert "split column" in str(result.exception)
