"""What data sets share and what they don't, with examples of the right texts."""

import json

import pytest
from scopesift_classifiers.overlaps import usage
from scopesift_classifiers.overlaps.data_sets import open_data_sets
from scopesift_classifiers.overlaps.differences import find_differences, words_of
from scopesift_classifiers.overlaps.examples import Example
from scopesift_classifiers.overlaps.measure import DOCUMENT, LAST, OverlapSettings, measure_overlap
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

ENGLISH = [f"The cat sat on the mat and watched the rain {row}." for row in range(40)]
RUSSIAN = [f"Сегодня хорошая погода {row}?" for row in range(40)]


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    parts = {"en": ENGLISH[:20], "more_en": ENGLISH[20:], "ru": RUSSIAN}
    for name, texts in parts.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return [folder / f"{name}.jsonl" for name in parts]


@pytest.fixture(scope="module", params=[DOCUMENT, LAST])
def measured(request, tiny_scope, paths):
    settings = OverlapSettings(pool=request.param, min_share=0.2, differences=3)
    return measure_overlap(tiny_scope, open_data_sets(paths), settings)


def test_texts_of_one_kind_overlap_more_than_texts_of_two(measured):
    found = {(pair["a"], pair["b"]): pair["all"] for pair in measured.to_dict()["pairs"]}
    assert set(found) == {("en", "more_en"), ("en", "ru"), ("more_en", "ru")}
    assert found["en", "more_en"]["jaccard"] > 2 * found["en", "ru"]["jaccard"]


def test_differences_are_used_by_one_and_not_by_the_other(measured):
    en, _, ru = measured.usages
    share = measured.settings.min_share
    for one, other, found in ((en, ru, measured.differences[0, 2]), (ru, en, measured.differences[2, 0])):
        assert 0 < len(found) <= 3
        for item in found:
            assert one.used(item.layer, share)[item.feature]
            assert not other.used(item.layer, share)[item.feature]
            assert item.share == one.share(item.layer, item.feature) >= share > item.other_share
        gaps = [item.share - item.other_share for item in found]
        assert gaps == sorted(gaps, reverse=True)


def test_examples_are_places_in_the_texts_that_use_the_feature(measured):
    for (a, _), found in measured.differences.items():
        texts = [ENGLISH[:20], ENGLISH[20:], RUSSIAN][a]
        for item in found:
            assert item.examples
            for example in item.examples:
                quoted = f"{example.before.removeprefix('…')}{example.word}{example.after.removesuffix('…')}"
                assert quoted in texts[example.row]
                assert example.activation > 0
                if measured.settings.pool == LAST:
                    assert texts[example.row].endswith(example.word)
                    assert not example.after
    assert measured.to_dict()["pairs"][1]["only_b"][0]["examples"]


def test_all_data_sets_are_read_with_the_same_norm_bounds_of_one_digit(
    write_scope, tmp_path, paths, monkeypatch
):
    scope = Scope.load(write_scope(tmp_path / "bounded", norm_limit=10.0), device="cpu")
    bounds = []

    def noted(scope, texts, layers, **options):
        bounds.append(scope.norm_bounds)
        return document_features(scope, texts, layers, **options)

    monkeypatch.setattr(usage, "document_features", noted)
    measure_overlap(scope, open_data_sets(paths), OverlapSettings(min_share=0.2))
    assert len(bounds) >= 3
    assert set(bounds[0]) == set(scope.layers)
    assert all(own == bounds[0] for own in bounds)
    assert all(bound == float(f"{bound:.0e}") > 0 for bound in bounds[0].values())
    assert not scope.norm_bounds


def test_shares_that_are_none_are_refused():
    for share in (-0.1, 1.1):
        with pytest.raises(UsageError, match="between 0 and 1"):
            OverlapSettings(min_share=share)


def test_words_of_examples_are_distinct_and_the_frequent_ones_come_first():
    examples = [
        Example(row, "", word, "", 1.0) for row, word in enumerate(["Cat", "mat ", "cat", "", "rain", "sat"])
    ]
    assert words_of(examples) == "cat · mat · rain"
    assert words_of([]) == ""


def test_white_space_is_shown_by_signs_only_where_it_is_all_there_is():
    assert words_of([Example(0, "", "\n", "", 1.0)]) == "↵"
    assert Example(0, "", " a\n", "", 1.0).shown == " a\n"


def test_a_data_set_differs_from_itself_in_nothing(measured):
    twice = [measured.usages[0]] * 2
    assert find_differences(twice, 0.2, 5) == {(0, 1): [], (1, 0): []}
