"""`recut` moves cuts by language on labelled rows, and refuses what the rows cannot show."""

import json
import random
from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import read_labelled
from scopesift_files.errors import InputError, UsageError

WORDS = ["cat", "sat", "rain", "mat", "watched", "vaccine", "large", "trial", "idiot", "shut", "up", "you"]


@pytest.fixture
def rows(tmp_path):
    """200 rows in English, 160 in German, 10 in French; dev and test."""
    rng = random.Random(3)
    path = tmp_path / "rows.jsonl"
    langs = ["en"] * 200 + ["de"] * 160 + ["fr"] * 10
    with path.open("w") as stream:
        for at, lang in enumerate(langs):
            words = " ".join(rng.choice(WORDS) for _ in range(6))
            for split in ("dev", "test"):
                row = {"text": f"{words} {split}", "label": "toxic" if at % 2 else "clean", "lang": lang}
                stream.write(json.dumps(row | {"split": split}) + "\n")
    return path


@pytest.fixture(scope="module")
def fitted(tiny_scope, insults):
    return fit_classifier("toxicity", tiny_scope, insults(80), insults(60), FitSettings())


@pytest.fixture
def artifact(fitted, tmp_path):
    fitted.save(tmp_path / "toxicity.json")
    return tmp_path / "toxicity.json"


@pytest.fixture
def run(artifact, rows, tiny_scope_folder, tmp_path, invoke):
    def run(*options):
        out = tmp_path / "out.json"
        result = invoke(
            "recut", artifact, "--data", rows, "--scope", tiny_scope_folder, "--out", out, *options
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result, Classifier.load(out)

    return run


def test_each_language_gets_the_cut_that_its_own_rows_ask_for(run, artifact, rows, tiny_scope):
    before = Classifier.load(artifact)
    result, after = run("--false-positive-rate", "0.05", "--lang", "every")
    assert set(after.by_lang) == {"en", "de"}
    assert "fr keeps its cut" in result.stderr
    assert "at least 59" in " ".join(result.stderr.split())
    assert after.default.cut == before.default.cut
    dev = read_labelled(rows, split="dev")
    for lang in ("en", "de"):
        decision = after.by_lang[lang]
        assert decision.rules == before.default.rules
        assert decision.calibration == before.default.calibration
        one = Engine(tiny_scope, [replace(before, default=decision)])
        clean = [
            text
            for text, label, own in zip(dev.texts, dev.labels, dev.langs, strict=True)
            if own == lang and label == "clean"
        ]
        flagged = sum(answer["toxicity"].flagged for answer in one.predict(clean)) / len(clean)
        assert flagged <= 0.05
        kept = after.fit["by_lang"][lang]["cut"]
        assert kept["asked"] == {"false_positive_rate": 0.05}
        assert kept["rows"] == 2 * len(clean)
        assert kept["false_positive_rate"] == pytest.approx(flagged, abs=1e-6)
        low, high = kept["intervals"]["false_positive_rate"]
        assert low <= flagged <= high
        assert kept["cut_interval"][0] <= decision.cut <= kept["cut_interval"][1]


def test_without_a_language_the_default_decision_is_cut_and_the_version_is_new(run, artifact):
    before = Classifier.load(artifact).with_quality("elsewhere", {"f1": 0.5})
    before.save(artifact)
    _, after = run("--recall", "0.9")
    assert not after.by_lang
    assert after.version != before.version
    assert after.fit["cut"]["asked"] == {"recall": 0.9}
    assert after.fit["cut"]["recall"] >= 0.9
    assert after.quality["elsewhere"]["note"] == "measured before the default decision's cut was moved"


def test_quality_measured_with_the_old_cut_of_a_language_is_removed(run, artifact):
    by_lang = {"by_lang": {"de": {"f1": 0.5}}}
    Classifier.load(artifact).with_quality("german", by_lang).save(artifact)
    assert "german" not in run("--recall", "0.5", "--lang", "de")[1].quality


def test_json_has_the_cuts_and_what_was_refused(run):
    result, after = run("--false-positive-rate", "0.05", "--lang", "every", "--json")
    said = json.loads(result.stdout)
    assert said["version"] == after.version
    assert set(said["cuts"]) == {"en", "de"}
    assert set(said["refused"]) == {"fr"}
    assert said["cuts"]["de"]["after"] == after.by_lang["de"].cut


def test_the_table_fits_80_columns(run):
    result, _ = run("--recall", "0.8", "--lang", "every")
    assert "…" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_what_the_rows_cannot_show_is_refused_in_one_line(run):
    with pytest.raises(InputError, match=r"0.001 cannot be shown on 185 negative documents.*at least 2,995"):
        run("--false-positive-rate", "0.001")
    with pytest.raises(InputError, match=r"fr: recall 0.9 cannot be shown on 5 positive documents"):
        run("--recall", "0.9", "--lang", "fr")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ((), UsageError, "--precision, --recall or --false-positive-rate"),
        (("--recall", "0.9", "--precision", "0.9"), UsageError, "give one"),
        (("--recall", "0.9", "--lang", "every", "--lang", "de"), UsageError, "has all languages already"),
        (("--recall", "0.9", "--lang", "xx"), InputError, "expected rows in 'xx', got rows in de, en, fr"),
        (("--recall", "0.9", "--positive", "bad"), InputError, "expected rows with the label 'bad'"),
    ],
)
def test_options_that_make_no_sense_are_refused(run, options, error, message):
    with pytest.raises(error, match=message):
        run(*options)


def test_rows_of_the_fit_are_refused(run, fitted, artifact, rows):
    train = {"train": {"sha256": read_labelled(rows, split="dev").fingerprint()}}
    replace(fitted, fit=fitted.fit | train).save(artifact)
    with pytest.raises(InputError, match="was fitted on, where it errs less"):
        run("--recall", "0.5")
