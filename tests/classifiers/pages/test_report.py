"""The report: every section from the run's own numbers, honest words, and text only from the user's own data."""

import json
import re
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from scopesift_classifiers.measuring.assessment import full_assessment
from scopesift_classifiers.measuring.evaluation import evaluate_binary
from scopesift_classifiers.pages.report import write_report
from scopesift_classifiers.pages.report_curve import curve_section
from scopesift_classifiers.pages.report_scores import SHOWN_BY_LANGUAGE, calibration_section
from scopesift_classifiers.pages.report_transfer import read_transfer, transfer_section
from scopesift_classifiers.pages.report_words import binary_lead, drift_words, of_hundred, standing
from scopesift_files.errors import InputError, UsageError

POINT = {"balanced_accuracy": [0.6, 0.7], "tfidf": {"balanced_accuracy": [0.55, 0.57]}}
TRANSFER = {
    "languages": ["de", "fr"],
    "zero_shot": {"de": {"balanced_accuracy": 0.512}, "fr": {"balanced_accuracy": 0.49}},
    "few": {
        "de": {"0.1": POINT, "1": {"balanced_accuracy": [0.8]}},
        "fr": {"1": {"balanced_accuracy": [0.7]}},
    },
    "full": {"de": {"balanced_accuracy": 0.8}, "fr": {"balanced_accuracy": None}},
    "why": {"fr": "few clean <rows>"},
}


@pytest.fixture(scope="module")
def found(toxicity, tiny_scope, insults):
    rows = insults(60, 8)
    rows = replace(rows, langs=["en" if row % 3 else "de" for row in range(60)])
    return full_assessment(toxicity, tiny_scope, rows, fit_data=insults(80, 9))


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, found, transfer=TRANSFER)
    return path.read_text(encoding="utf-8")


def test_the_page_has_the_numbers_that_the_command_prints(page, found):
    for part in (found.measured, found.measured["baselines"]["tfidf"], found.measured["by_lang"]["de"]):
        assert f"{part['macro_f1']:.3f}" in page
    low, high = found.measured["intervals"]["macro_f1"]
    assert f"{low:.3f} to {high:.3f}" in page


def test_every_language_has_its_cuts_on_the_page_or_the_reason(page, found):
    for rate, value in SHOWN_BY_LANGUAGE.items():
        for own in found.measured["by_lang"].values():
            point = next(one for one in own["thresholds"][rate] if one["required"] == value)
            shown = point["reason"] if point["cut"] is None else f"{point['cut']:.3f}"
            assert escape(shown) in page
    assert "Cuts of each language for false-positive rate ≤ 0.05" in page


def test_calibration_by_language_stands_beside_what_chance_gives():
    rng = np.random.default_rng(0)
    score = rng.random(1500)
    truth = np.where(rng.random(1500) < score, "toxic", "clean")
    langs = ["en"] * 750 + ["de"] * 740 + ["fr"] * 10
    given = np.where(score > 0.5, "toxic", "clean")
    measured = evaluate_binary(truth, given, scores_N=score, langs=langs, sources=[None] * 1500)
    shown = calibration_section(measured, (truth == "toxic").tolist(), score.tolist(), "are toxic")
    for lang in ("en", "de"):
        own = measured["by_lang"][lang]
        assert f"<td class=n>{own['ece']:.3f}</td>" in shown
        assert f"{own['ece_by_chance']['mean']:.3f}, rarely over {own['ece_by_chance']['p95']:.3f}" in shown
    assert "at least 700 texts" in shown


def test_every_link_of_the_navigation_has_its_section(page):
    links = re.findall(r'<a href="#([^"]*)"', page)
    assert {"baselines", "by_lang", "cut", "calibration", "transfer", "features", "drift", "words"} <= set(
        links
    )
    assert all(f'id="{link}"' in page for link in links)


def test_every_feature_of_a_short_rule_has_a_card_with_examples_of_the_data(page, found):
    items = found.classifier.default.features
    for item in items:
        assert f"layer {item.layer}, feature {item.index}<" in page
    assert page.count('<article class="card">') == len(items)
    assert "<mark" in page
    assert "strongest texts" in page


def test_the_page_fetches_nothing(page):
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#)|url\(|@import|https?:', page)


def test_a_many_class_report_shows_the_most_telling_features_of_each_label(
    language, tiny_scope, languages, tmp_path
):
    found = full_assessment(language, tiny_scope, languages(60, 5))
    write_report(tmp_path / "page.html", found)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(f"for {label}" in text for label in ("de", "es", "ru"))
    assert "Label by label" in text
    assert "no fit data was given" in text


def test_without_a_language_classifier_a_rule_of_a_language_is_not_used(toxicity, tiny_scope, insults):
    routed = replace(toxicity, by_lang={"en": replace(toxicity.default, cut=1.1)})
    measured = full_assessment(routed, tiny_scope, insults(40, 3)).measured
    assert measured["rules"] == {"default": 40}


def test_a_given_language_classifier_picks_the_rules(toxicity, language, tiny_scope, languages):
    never = replace(toxicity.default, cut=1.1)
    routed = replace(toxicity, by_lang={"ru": never})
    rows = languages(30, 4)
    rows = replace(rows, labels=["toxic" if row % 2 else "clean" for row in range(30)])
    measured = full_assessment(routed, tiny_scope, rows, language=language).measured
    assert measured["rules"]["ru"] >= 8


def lead(n, positives, recall, precision, balanced, flagged):
    measured = {
        "n": n, "n_positive": positives, "n_flagged": flagged, "recall": recall, "precision": precision,
        "balanced_accuracy": balanced, "natural": {"prevalence": 0.05, "precision": 0.25},
    }  # fmt: skip
    return binary_lead("toxicity", "toxic", measured, "x.csv")


def test_words_say_what_was_found_and_what_was_wrongly_flagged():
    words = lead(1000, 400, 0.5, 0.8, 0.7083333, 250)
    assert "read 1,000 texts of x.csv that people had labelled; 400 of them are toxic" in words
    assert "Of the toxic texts it found 50 of 100, and of the others it wrongly flagged 8 of 100" in words
    assert "Of what it flagged, 80 of 100 were right" in words
    assert "25 of 100 flags would be right" in words
    assert of_hundred(0.004) == "0.4 of 100"


def test_of_few_texts_the_words_give_the_counts_themselves():
    words = lead(8, 4, 1.0, 0.8, 0.875, 5)
    assert "Of the toxic texts it found 4 of 4, and of the others it wrongly flagged 1 of 4" in words
    assert "Of what it flagged, 4 of 5 were right" in words
    assert "stream" not in words
    assert "of 100" not in words
    assert "read 1 text of x.csv that people had labelled; 1 of them is toxic" in lead(
        1, 1, 0.0, 0.0, None, 0
    )
    assert "It flagged nothing" in lead(1, 1, 0.0, 0.0, None, 0)


def test_a_report_on_eight_texts_shows_counts_and_leaves_room_for_wrong_answers(
    toxicity, tiny_scope, insults, tmp_path
):
    rows = insults(400, 3)
    found = full_assessment(toxicity, tiny_scope, rows)
    right = [at for at, verdict in enumerate(found.verdicts) if verdict.label == rows.labels[at]]
    chosen = [[at for at in right if rows.labels[at] == label][:4] for label in ("toxic", "clean")]
    few = full_assessment(toxicity, tiny_scope, rows.select(sorted([*chosen[0], *chosen[1]])))
    assert few.measured["macro_f1"] == 1.0
    write_report(tmp_path / "eight.html", few)
    page = (tmp_path / "eight.html").read_text(encoding="utf-8")
    assert "1.000 to 1.000" not in page
    assert "1.00–1.00" not in page
    assert "<b>4 of 4</b><span>found" in page
    assert "it found 4 of 4, and of the others it wrongly flagged 0 of 4" in page


@pytest.mark.parametrize(
    ("difference", "interval", "words"),
    [(0.1, [0.05, 0.15], "better"), (-0.1, [-0.15, -0.05], "worse"), (0.01, [-0.05, 0.07], "cannot tell")],
)
def test_words_claim_a_difference_only_outside_chance(difference, interval, words):
    tfidf = {"macro_f1": 0.7, "difference": {"macro_f1": difference, "interval": interval}}
    said = standing(
        {"macro_f1": 0.7 + difference, "baselines": {"tfidf": tfidf, "linear_probe": None, "reason": ""}}
    )
    assert words in said


DRIFT = {
    "n": 500, "divergence": 0.02, "chance": 0.001, "between_classes": 0.1, "unexplained": 0.0005, "level": "none",
    "mix_at_fit": {"toxic": 0.5, "clean": 0.5}, "mix_now": {"toxic": 0.05, "clean": 0.95}, "mix_from": "features",
}  # fmt: skip


def test_drift_words_follow_the_level():
    assert "the features themselves hold" in drift_words(DRIFT)
    assert "about 5 of 100 texts toxic by the features, against 50 of 100 in the fit" in drift_words(DRIFT)
    assert "about 3 of 60 texts toxic" in drift_words({**DRIFT, "n": 60})
    assert "with 1 text." in drift_words({**DRIFT, "n": 1, "divergence": 0.0005})
    assert "do not trust" in drift_words({**DRIFT, "unexplained": 0.018, "level": "strong", "mix_now": None})
    assert "as they did in the fit" in drift_words({**DRIFT, "divergence": 0.0005})


def test_drift_words_claim_no_share_of_labels_that_nobody_knows():
    words = drift_words({**DRIFT, "unexplained": 0.012, "level": "clear", "mix_now": None})
    assert "would explain 40% of it at best" in words
    assert "toxic" not in words


def test_drift_words_of_labelled_texts_go_by_their_labels():
    known = {**DRIFT, "mix_from": "labels", "mix_now": {"toxic": 0.5, "clean": 0.5}, "n": 120}
    words = drift_words({**known, "unexplained": 0.02, "level": "strong"})
    assert (
        "The mix of labels does not explain it (60 of 120 texts toxic, against 50 of 100 in the fit)" in words
    )
    assert "about" not in words
    assert "label some" not in words


def test_the_matrix_has_means_over_draws_and_gaps_where_nothing_was_measured():
    html = transfer_section(TRANSFER)
    assert ">0.650<" in html
    assert ">0.512<" in html
    assert ">0.560<" not in html.split("</thead>")[0]
    assert "<td>–</td>" in html
    assert "few clean &lt;rows&gt;" in html


def test_a_transfer_file_of_something_else_is_one_clear_error(tmp_path):
    path = tmp_path / "t.json"
    with pytest.raises(UsageError, match="no such file"):
        read_transfer(path)
    path.write_text("[1]")
    with pytest.raises(InputError, match="learning-curve"):
        read_transfer(path)
    path.write_text(json.dumps(TRANSFER))
    assert read_transfer(path) == TRANSFER


def test_a_linear_classifier_shows_what_its_number_of_features_is_worth(linear_toxicity, toxicity):
    html = curve_section(linear_toxicity)
    for point in linear_toxicity.fit["linear"]["curve"]:
        assert f"{point['features']:,} features: {point['dev_objective']:.3f}" in html
    assert f"{len(linear_toxicity.default.features):,} (chosen)" in html
    assert "Beside other presets" not in html
    assert curve_section(toxicity) is None


def test_other_presets_stand_beside_a_linear_classifier_where_they_were_measured(linear_toxicity):
    measured = linear_toxicity.with_quality("test, preset greedy", {"macro_f1": 0.8125, "accuracy": 0.5})
    assert "<td>test, preset greedy</td><td class=n>0.812</td><td class=n>–</td>" in curve_section(measured)


def test_the_page_of_a_linear_classifier_says_how_it_decides(linear_toxicity, tiny_scope, insults, tmp_path):
    write_report(tmp_path / "linear.html", full_assessment(linear_toxicity, tiny_scope, insults(40, 8)))
    page = (tmp_path / "linear.html").read_text(encoding="utf-8")
    assert 'id="curve"' in page
    assert "its weight times the square root of its activation" in page
    assert "any activation counts" in page
