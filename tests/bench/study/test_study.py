"""The study: sizes and layers are measured, losses are named, what is missing is a dash."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from scopesift_features.scope import Scope

from bench.errors import BenchError
from bench.study import cells, fits, losses, pictures, section_five, tables
from bench.study import run as study_run
from bench.study.cells import Study
from bench.textdetox import run as textdetox
from bench.textdetox.cells import ENGLISH, LANGUAGES, NAMES, OTHERS, SHARES, Cells, cell_name
from bench.trials.systems import SYSTEMS

METRICS = {"f1": 0.7, "macro_f1": 0.7, "balanced_accuracy": 0.7, "auc": 0.7}
OF = Study.of


def made_up(**better):
    """Both results with every number `.7`, but for `better`: balanced accuracy of a system in a cell."""
    rows = {}
    for lang in LANGUAGES:
        for cell in (ENGLISH, *SHARES):
            draw = {name: dict(METRICS) for name in NAMES}
            for name in draw:
                draw[name]["balanced_accuracy"] = better.get(f"{lang}_{cell}_{name}", 0.7)
            rows[cell_name(lang, cell)] = {"draws": [draw]}
    figures = {"models": 9, "best": 0.9, "median": 0.6, "Perspective 0.55": 0.5, "Qwen 2.5 (7B-L)": 0.7}
    published = {"source": "made up", "languages": dict.fromkeys(("en", "ru"), figures)}
    labels = {"measured_on": {"scope": "s", "rows": "r", "published": published}, "rows": rows}
    own = {}
    for lang in LANGUAGES:
        own[f"{lang} features"] = {
            "linear": {
                str(size): {**METRICS, "balanced_accuracy": size / 1000} for size in fits.LINEAR_SIZES
            },
            "greedy": {str(size): METRICS for size in fits.GREEDY_SIZES},
        }
        by_layer = {"4": METRICS, "8": METRICS}
        systems = {"linear": by_layer, "linear_probe": by_layer}
        own[f"{lang} layers"] = {"own": systems, "english": systems}
    result = {"measured_on": {"scope": "s", "rows": "r", "layers": [4, 8]}, "rows": own}
    return labels, result


def study_of(labels, result):
    return Study(Cells(labels), result)


@pytest.fixture
def parts(textdetox_data, tiny_scope):
    return textdetox.read_splits(tiny_scope, "en", textdetox.textdetox_rows(textdetox_data, "en"))


def test_every_size_of_one_elimination_has_that_many_features_and_a_cut_from_dev_rows(parts, monkeypatch):
    monkeypatch.setattr(fits, "LINEAR_SIZES", (1, 4))
    found = dict(fits.linear_by_size(parts["train"], parts["dev"]))
    assert {size: fit.about["features"] for size, fit in found.items()} == {1: 1, 4: 4}
    answers = found[4].answer(parts["dev"])
    right = (answers.label_N == np.array(parts["dev"].rows.labels)).mean()
    assert right == pytest.approx(found[4].about["dev_objective"], abs=0.05)
    assert fits.greedy_of_size(parts["train"], parts["dev"], 1).about["features"] == 1


def test_one_layer_holds_its_own_features_and_residuals_only(parts):
    whole, layer = parts["train"], parts["train"].table.layers[-1]
    part = fits.on_layer(whole, layer)
    assert part.table.layers == (layer,)
    assert list(part.mean_ND) == [layer]
    own = whole.table.acts_NF[:, -whole.table.d_sae :].toarray()
    np.testing.assert_array_equal(part.table.acts_NF.toarray(), own)


@pytest.fixture
def small(monkeypatch, tiny_scope):
    """Two languages, small fits; `bench textdetox` has a made-up result on the same rows."""
    monkeypatch.setattr(study_run, "LANGUAGES", ("en", "ru"))
    monkeypatch.setattr(fits, "LINEAR_SIZES", (1, 4))
    monkeypatch.setattr(study_run, "GREEDY_SIZES", (1,))
    some = {"linear": SYSTEMS["linear"], "linear_probe": SYSTEMS["mean_difference"]}
    monkeypatch.setattr(study_run, "SYSTEMS", some)
    monkeypatch.setattr(Scope, "load", lambda name: tiny_scope)
    labels, _ = made_up()

    def same_rows(result, out):
        labels["measured_on"] |= {name: result["measured_on"][name] for name in cells.SAME}
        return study_of(labels, result)

    monkeypatch.setattr(study_run.Study, "of", same_rows)
    monkeypatch.setattr(section_five, "LANGUAGES", ("en", "ru"))


@pytest.mark.usefixtures("small")
def test_a_run_measures_sizes_layers_and_the_report_and_goes_on_where_it_stopped(
    textdetox_data, tmp_path, monkeypatch, capsys
):
    study_run.run(textdetox_data, "tiny", tmp_path)
    (path,) = tmp_path.glob("study-*.json")
    rows = json.loads(path.read_text())["rows"]
    assert set(rows) == {"en features", "ru features", "en layers", "ru layers", "reproduction"}
    assert set(rows["ru features"]["linear"]) == {"1", "4"}
    assert set(rows["reproduction"]["languages"]) == {"en", "ru", "es", "de"}
    assert rows["en layers"]["own"] == rows["en layers"]["english"]
    assert rows["ru layers"]["own"] != rows["ru layers"]["english"]
    said = capsys.readouterr().out
    assert "the report's rule and protocol" in said
    assert {file.stem for file in tmp_path.glob("*.svg")} == {f"study-{name}" for name in pictures.PICTURES}
    for measure in ("measure_sizes", "measure_layers", "reproduce"):
        monkeypatch.setattr(study_run, measure, None)
    study_run.run(textdetox_data, "tiny", tmp_path)
    assert json.loads(path.read_text())["rows"] == rows


def test_results_of_other_rows_are_refused(monkeypatch):
    labels, result = made_up()
    monkeypatch.setattr(cells, "stored", lambda name, out: labels)
    Study.of(result)
    result["measured_on"]["rows"] = "others"
    with pytest.raises(BenchError, match="different rows"):
        Study.of(result)


@pytest.mark.usefixtures("small")
def test_other_rows_are_refused_before_anything_is_fitted(textdetox_data, tmp_path, monkeypatch):
    labels, _ = made_up()
    (tmp_path / "textdetox-cpu.json").write_text(json.dumps(labels))
    monkeypatch.setattr(study_run.Study, "of", OF)
    monkeypatch.setattr(study_run, "measure_sizes", None)
    with pytest.raises(BenchError, match="different scope"):
        study_run.run(textdetox_data, "tiny", tmp_path)


def test_a_loss_is_bold_with_the_rival_that_wins():
    study = study_of(*made_up(ru_350_tfidf=0.75, ru_350_linear_probe=0.72, uk_350_linear=0.71))
    assert losses.gain(study, "ru", "350", "linear") == (pytest.approx(-0.05), "tfidf")
    said = losses.table(study)
    assert "**−0.050** TF-IDF" in said
    assert "+0.010" in said
    assert "loses against its best rival in 1 of 72 pairs of language and number of labels" in losses.summary(
        study
    )
    assert "ru with 350 labels by 0.050 (TF-IDF)" in losses.summary(study)


def test_the_fewest_features_that_reach_a_rival_are_told():
    study = study_of(*made_up(en_all_tfidf=0.2, ru_all_tfidf=1.0, ru_all_linear_probe=1.1))
    last = [line.split(" | ") for line in tables.by_features(study).splitlines()][-1]
    assert last[1:3] == ["256", "1024"]
    assert "**none**" in tables.by_features(study)


def test_what_is_not_measured_is_a_dash_and_no_error(tmp_path):
    labels, result = made_up()
    labels["rows"] = {name: row for name, row in labels["rows"].items() if not name.startswith("am")}
    result["rows"] = {}
    study = study_of(labels, result)
    assert "| – |" in tables.everything(study)
    assert section_five.MISSING in tables.everything(study)
    for path in pictures.write(study, tmp_path):
        assert ET.parse(path).getroot().tag.endswith("svg")


def test_the_pictures_name_every_system(tmp_path):
    paths = {path.stem: path.read_text() for path in pictures.write(study_of(*made_up()), tmp_path)}
    for system in pictures.KINDS:
        assert pictures.SAYS[system] in paths["study-labels"]
    assert "median LLM" in paths["study-languages"]
    assert paths["study-layers"].count("<circle") == 2 + 2 * 2 * 3
    assert len(OTHERS) == 8
