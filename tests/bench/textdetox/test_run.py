"""TextDetox: seeded draws, test rows that no fit sees, cells that are measured once, tables that say what is there."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.transfer.transfer import TransferSettings
from scopesift_features.scope import Scope

from bench.errors import BenchError
from bench.textdetox import bars as textdetox_bars
from bench.textdetox import fits as textdetox_fits
from bench.textdetox import picture as textdetox_picture
from bench.textdetox import run as textdetox
from bench.textdetox import tables as textdetox_tables
from bench.textdetox.cells import (
    ACROSS,
    ACROSS_MOVED,
    ENGLISH,
    ENGLISH_MOVED,
    LANGUAGES,
    NAMES,
    OTHERS,
    REST,
    SHARES,
    TRANSFER,
    UNLABELLED,
    Cells,
    cell_name,
)
from bench.trials import systems
from bench.trials.published import Published


@pytest.fixture
def small(monkeypatch, tiny_scope):
    """Four languages, two draws; cells of two of them, and the tables, which want all, are left out."""
    languages = ("en", "ru", "es", "de")
    monkeypatch.setattr(textdetox, "LANGUAGES", languages)
    monkeypatch.setattr(textdetox_fits, "LANGUAGES", languages)
    monkeypatch.setattr(textdetox, "FIRST", (ENGLISH, REST, UNLABELLED, "35"))
    real = textdetox.measure_cell
    monkeypatch.setattr(
        textdetox, "measure_cell", lambda lang, *rest: real(lang, *rest) if lang in ("en", "ru") else None
    )
    monkeypatch.setattr(textdetox_fits, "TEXTS", 30)
    monkeypatch.setattr(textdetox, "DRAWS", 2)
    monkeypatch.setattr(textdetox.tables, "everything", lambda result: "")
    monkeypatch.setattr(textdetox.picture, "write", lambda result, out: out)
    few_steps = TransferSettings(folds=2, greedy=GreedySettings(candidates=10, max_features=1, at_least=(1,)))
    monkeypatch.setattr(systems, "TransferSettings", lambda: few_steps)
    some = {name: systems.SYSTEMS[name] for name in ("linear", "tfidf")}
    monkeypatch.setattr(textdetox, "SYSTEMS", some)
    monkeypatch.setattr(textdetox_fits, "SYSTEMS", some)
    monkeypatch.setattr(Scope, "load", lambda name: tiny_scope)


CELLS = {f"{lang} {cell}" for lang in ("en", "ru") for cell in (ENGLISH, REST, UNLABELLED, "35")}


def measured(data, out):
    textdetox.run(data, "tiny", out)
    (path,) = out.glob("textdetox-*.json")
    rows = json.loads(path.read_text())["rows"]
    return {name: row["draws"] for name, row in rows.items()}


def flipped_in_test(row):
    other = {"toxic": "clean", "clean": "toxic"}[row["label"]]
    return {**row, "label": other} if row["split"] == "test" else row


@pytest.mark.usefixtures("small")
def test_draws_are_seeded_and_no_fit_sees_a_test_row(textdetox_data, change_rows, tmp_path):
    first = measured(textdetox_data, tmp_path / "first")
    assert set(first) == CELLS
    assert len(first["ru 35"]) == 2
    assert first["ru 35"][0] != first["ru 35"][1]
    assert measured(textdetox_data, tmp_path / "again") == first
    for lang in ("en", "ru"):
        change_rows(textdetox_data / "textdetox" / f"{lang}.jsonl.gz", flipped_in_test)
    for name, draws in measured(textdetox_data, tmp_path / "flipped").items():
        for draw, before in zip(draws, first[name], strict=True):
            for system, found in draw.items():
                assert found["about"] == before[system]["about"]
                assert found["auc"] == pytest.approx(1 - before[system]["auc"], abs=2e-4)


@pytest.mark.usefixtures("small")
def test_a_stopped_run_goes_on_where_it_was(textdetox_data, tmp_path, monkeypatch):
    fits_of_few = textdetox.fits_of_few
    seeds = []

    def stops(lang, train, size, seed, english, others):
        seeds.append(seed)
        if len(seeds) == 4:
            raise KeyboardInterrupt
        return fits_of_few(lang, train, size, seed, english, others)

    monkeypatch.setattr(textdetox, "fits_of_few", stops)
    with pytest.raises(KeyboardInterrupt):
        measured(textdetox_data, tmp_path)
    whole = measured(textdetox_data, tmp_path)
    assert seeds == [0, 1, 0, 1, 0, 1]
    assert set(whole) == CELLS
    monkeypatch.setattr(textdetox, "read_splits", None)
    assert measured(textdetox_data, tmp_path) == whole


@pytest.mark.usefixtures("small")
def test_a_system_that_is_new_is_added_to_the_cells(textdetox_data, tmp_path, monkeypatch):
    before = measured(textdetox_data, tmp_path)
    monkeypatch.setitem(textdetox.SYSTEMS, "lda", systems.SYSTEMS["lda"])
    monkeypatch.setitem(textdetox.SYSTEMS, "linear", None)  # it is not fitted again
    after = measured(textdetox_data, tmp_path)
    for name, draws in after.items():
        for draw, old in zip(draws, before[name], strict=True):
            assert set(draw) == ({*old, "lda"} if "linear" in old else set(old))
            assert {**draw, **old} == draw


@pytest.mark.usefixtures("small")
def test_rows_of_other_data_are_refused(textdetox_data, change_rows, tmp_path):
    measured(textdetox_data, tmp_path)
    change_rows(textdetox_data / "textdetox" / "ru.jsonl.gz", flipped_in_test)
    with pytest.raises(BenchError, match="another scope or other data"):
        measured(textdetox_data, tmp_path)


@pytest.mark.usefixtures("small")
def test_missing_files_are_named(textdetox_data, tmp_path):
    (textdetox_data / "textdetox" / "ru.jsonl.gz").unlink()
    with pytest.raises(BenchError, match=r"ru.jsonl.gz is missing; --data"):
        measured(textdetox_data, tmp_path)
    (textdetox_data / "textdetox" / "published.json").write_text("{}")
    with pytest.raises(BenchError, match=r"published.json: expected source"):
        measured(textdetox_data, tmp_path)


def test_systems_answer_as_the_engine_does(textdetox_data, tiny_scope):
    read = textdetox.read_splits(tiny_scope, "en", textdetox.textdetox_rows(textdetox_data, "en"))
    english = textdetox_fits.English(tiny_scope, lambda lang: read)
    test = read["test"]
    verdicts = Engine(tiny_scope, [english.classifier]).predict(test.rows.texts)
    answers = english.fits["linear"]().answer(test)
    assert answers.label_N.tolist() == [verdict["toxicity"].label for verdict in verdicts]
    scores = [verdict["toxicity"].score for verdict in verdicts]
    np.testing.assert_allclose(answers.probability_N, scores, atol=1e-4)


def test_published_figures_are_summed_up_without_perspective(textdetox_data):
    published = Published.read(textdetox_data / "textdetox" / "published.json", "f1")
    assert published.summary(("Perspective 0.55", "unknown"))["ru"] == {
        "models": 4,
        "best": 0.9,
        "median": pytest.approx(0.775),
        "Perspective 0.55": 0.2,
    }


def made_up(**better):
    """A whole result in which every number is `.7`, but for `better`: metric of a system in a cell."""
    values = {"f1": 0.7, "macro_f1": 0.7, "balanced_accuracy": 0.7, "auc": 0.7, "ece": 0.01}
    rows = {}
    for lang in LANGUAGES:
        for cell in (ENGLISH, REST, UNLABELLED, *SHARES):
            names = {REST: (ACROSS,), UNLABELLED: (ENGLISH_MOVED, ACROSS_MOVED)}.get(cell, NAMES)
            draw = {name: {**values, "about": {"features": 5}} for name in names}
            if lang == "en" or cell == ENGLISH:
                draw = {name: found for name, found in draw.items() if not name.startswith("transfer")}
            elif TRANSFER in draw:
                draw[TRANSFER]["beside"] = {"adapted_linear": 0.7, "recut": 0.6}
            for system in draw:
                draw[system].update(better.get(f"{cell}_{system}", {}))
            rows[cell_name(lang, cell)] = {"draws": [draw]}
    figures = {"models": 9, "best": 0.9, "median": 0.8, "Perspective 0.55": 0.6, "Qwen 2.5 (7B-L)": 0.7}
    languages = dict.fromkeys(("en", "ru", "es", "de", "hi", "ar", "zh"), figures)
    return {"measured_on": {"published": {"source": "made up", "languages": languages}}, "rows": rows}


def test_the_tables_have_every_system_and_every_published_figure():
    said = textdetox_tables.everything(made_up())
    for name in (*NAMES.values(), "Perspective, cut .55", "median LLM", "Qwen 2.5 7B", "made up", *OTHERS):
        assert name in said


def test_a_requirement_is_met_from_its_number_on():
    met = [bar.met for bar in textdetox_bars.bars(Cells(made_up()))]
    bad = [False, False, True, False, False] + [False] * 3
    assert met == [*bad, True, True, False, False, True, True, False, False, *[True] * 4]
    better = {
        "english_linear": {"f1": 0.955, "auc": 0.755},
        "english_linear_probe": {"auc": 0.7650001},
        "unlabelled_across_moved": {"balanced_accuracy": 0.72},
        "others_across": {"auc": 0.8},
        "20_transfer_others": {"balanced_accuracy": 0.715},
        "35_transfer_others": {"balanced_accuracy": 0.725},
        "350_transfer_others": {"f1": 0.79, "balanced_accuracy": 0.6},
        "all_linear": {"f1": 0.81},
        "english_greedy": {"f1": 0.9, "balanced_accuracy": 0.66},
    }
    bars = textdetox_bars.bars(Cells(made_up(**better)))
    missed = [bar.says for bar in bars if not bar.met]
    assert missed == [
        "`transfer` from the other languages, 350 labels, balanced accuracy, mean of 8",
        "the best strategy's mean over the chosen one's, 20, 35, 70 and 350 labels, largest",
        "share of the gain over chance that 350 of all labels keep, mean of 8 (goal .99)",
        "linear probe less `linear`, en, AUC",
        "the same from English labels, mean of 8",
    ]
    assert textdetox_bars.kept(Cells(made_up(**better))) == pytest.approx(0.5)


def test_what_is_not_measured_yet_is_open_in_the_tables():
    result = made_up()
    del result["rows"]["am 350"]
    said = textdetox_tables.everything(result)
    assert "| `transfer`, 350 labels, F1, mean of 8 | – | at least 0.79 | open |" in said
    assert "0.700 | – | 0.700 |" in said
    del result["rows"]["ru 350"]  # am has no published figures and is not in the picture
    dots = [textdetox_picture.picture(Cells(content)).count("<circle") for content in (result, made_up())]
    assert dots[1] - dots[0] == len(textdetox_picture.LINES)


def test_the_picture_is_a_file_of_its_own(tmp_path):
    path = textdetox_picture.write(made_up(), tmp_path)
    root = ET.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "median LLM 0.800" in words
    assert "TF-IDF + logistic regression" in words
