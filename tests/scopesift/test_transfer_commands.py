import json

import pytest
from scopesift_files.errors import InputError, UsageError


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


def unlabelled(path, n):
    texts = [f"you idiot, shut up {at}" if at % 4 == 0 else f"the cat sat on mat {at}" for at in range(n)]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def test_a_transfer_without_labels_moves_the_cut_and_tells_what_it_flags(
    artifact, tiny_scope_folder, tmp_path, invoke
):
    texts, out = unlabelled(tmp_path / "de.jsonl", 40), tmp_path / "out.json"
    options = ("--unlabelled", texts, "--lang", "de", "--out", out, "--scope", tiny_scope_folder)
    result = invoke("transfer", artifact, *options, "--positive-share", "0.25", "--json")
    assert result.exit_code == 0, result.exception
    told = json.loads(result.stdout)
    assert told["flagged"] == pytest.approx(0.25, abs=0.03)
    assert json.loads(out.read_text())["fit"]["by_lang"]["de"]["chosen"] == "moved_cut"
    assert "how often it is right is not known" in result.stderr
    assert "--positive-share" not in result.stderr
    unstated = invoke("transfer", artifact, *options)  # its rule of thresholds has no cut for half of them
    assert "by default that of the fit" in str(unstated.exception)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "one of them"),
        (("--train", "a.jsonl", "--unlabelled", "b.jsonl"), "one of them"),
        (("--train", "a.jsonl", "--positive-share", "0.5"), "--positive-share is for --unlabelled"),
        (("--unlabelled", "b.jsonl", "--learning-curve"), "--learning-curve is for labelled examples"),
        (("--unlabelled", "b.jsonl", "--balance", "3"), "--balance is for labelled examples"),
        (("--unlabelled", "b.jsonl", "--max-layer", "3"), "--max-layer is for labelled examples"),
        (("--unlabelled", "b.jsonl", "--recall", "0.9"), "a required rate is for labelled examples"),
    ],
)
def test_options_without_effect_and_missing_data_are_refused_before_anything_is_read(
    artifact, invoke, options, says
):
    result = invoke("transfer", artifact, "--lang", "de", *options)
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)


def test_labelled_rows_are_not_taken_for_unlabelled_ones(artifact, tiny_scope_folder, tmp_path, invoke):
    rows = write(tmp_path / "de.jsonl", 24, None)
    result = invoke("transfer", artifact, "--unlabelled", rows, "--lang", "de", "--scope", tiny_scope_folder)
    assert "use it with --train" in str(result.exception)


def test_a_required_rate_reaches_the_cut_or_is_refused(artifact, tiny_scope_folder, tmp_path, invoke):
    rows, out = write(tmp_path / "de.jsonl", 130, None), tmp_path / "out.json"
    options = (
        "transfer",
        artifact,
        "--train",
        rows,
        "--lang",
        "de",
        "--out",
        out,
        "--scope",
        tiny_scope_folder,
    )
    result = invoke(*options, "--false-positive-rate", "0.05")
    assert result.exit_code == 0, result.exception
    assert "held out: precision" in " ".join(result.stderr.split())
    assert json.loads(out.read_text())["fit"]["by_lang"]["de"]["cut"]["asked"] == {
        "false_positive_rate": 0.05
    }
    with pytest.raises(InputError, match="at least 299"):
        raise invoke(*options, "--false-positive-rate", "0.01").exception
    with pytest.raises(UsageError, match="leave out the required rate"):
        raise invoke(*options[:-4], *options[-2:], "--recall", "0.9", "--learning-curve").exception
