"""Sampling is balanced inside sources, fair among them, and blind to the order of rows."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import balanced, deal_folds, split_dev
from scopesift_files.errors import InputError, UsageError


def rows_of(counts, *, prefix=""):
    """Rows from {(source, label): how many}."""
    cells = [(source, label, i) for (source, label), n in counts.items() for i in range(n)]
    return LabelledText(
        [f"{prefix}{source} {label} {i}" for source, label, i in cells],
        [label for _, label, _ in cells],
        [None] * len(cells),
        [source for source, _, _ in cells],
    )


def counted(rows, index):
    return Counter((rows.sources[i], rows.labels[i]) for i in index)


TWO_SOURCES = {("a", "toxic"): 90, ("a", "clean"): 20, ("b", "toxic"): 10, ("b", "clean"): 70}


def test_every_source_is_balanced_and_the_small_one_gives_its_room_to_the_large():
    rows = rows_of(TWO_SOURCES)
    assert counted(rows, balanced(rows, 25, seed=1)) == {
        ("a", "toxic"): 15,
        ("a", "clean"): 15,
        ("b", "toxic"): 10,
        ("b", "clean"): 10,
    }


def test_sources_share_evenly_where_they_can():
    counts = counted(rows := rows_of(TWO_SOURCES), balanced(rows, 10, seed=1))
    assert set(counts.values()) == {5}


def test_never_more_than_asked_for_and_an_odd_rest_is_used():
    counts = {(source, label): 10 for source in "abc" for label in ("toxic", "clean")}
    rows = rows_of(counts)
    taken = counted(rows, balanced(rows, 10))
    assert sum(n for (_, label), n in taken.items() if label == "toxic") == 10
    assert sorted(n for (_, label), n in taken.items() if label == "clean") == [3, 3, 4]


def test_a_source_with_one_label_is_left_out():
    rows = rows_of({("a", "toxic"): 5, ("a", "clean"): 5, ("b", "toxic"): 50})
    assert counted(rows, balanced(rows, 50)) == {("a", "toxic"): 5, ("a", "clean"): 5}
    ignoring = balanced(rows, 50, by_source=False)
    assert Counter(rows.labels[i] for i in ignoring) == {"toxic": 5, "clean": 5}


def test_sources_with_label_sets_of_their_own_do_not_share():
    rows = rows_of(
        {(s, label): 30 for s, labels in {"x": "pq", "y": "qr", "z": "uv"}.items() for label in labels}
    )
    taken = Counter(rows.labels[i] for i in balanced(rows, 20))
    assert taken["u"] == taken["v"] == taken["q"] == 20
    assert taken["p"] == taken["r"] == 10


def test_the_choice_does_not_depend_on_row_order():
    rows = rows_of(TWO_SOURCES)
    shuffled = rows.select(np.random.default_rng(0).permutation(len(rows)))
    assert (
        rows.select(balanced(rows, 12, seed=3)).texts == shuffled.select(balanced(shuffled, 12, seed=3)).texts
    )


def test_another_seed_chooses_other_rows():
    rows = rows_of(TWO_SOURCES)
    assert set(balanced(rows, 8, seed=1)) != set(balanced(rows, 8, seed=2))


def test_rows_without_source_form_one_source():
    rows = rows_of({(None, "toxic"): 4, (None, "clean"): 9})
    assert len(balanced(rows, 100)) == 8


def test_nothing_to_balance_is_refused():
    with pytest.raises(InputError, match="source with two labels"):
        balanced(rows_of({("a", "toxic"): 5, ("b", "clean"): 5}), 5)
    with pytest.raises(InputError, match="two labels"):
        balanced(rows_of({("a", "toxic"): 5}), 5)
    with pytest.raises(UsageError, match="at least 1"):
        balanced(rows_of(TWO_SOURCES), 0)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["p", "q", "r"])), st.integers(1, 12), min_size=1
    ),
    st.integers(1, 20),
)
def test_balance_and_limit_hold_for_any_sizes_and_nothing_is_wasted(counts, per_class):
    rows = rows_of(counts)
    labels_of = {s: {label for source, label in counts if source == s} for s, _ in counts}
    able = {s for s, labels in labels_of.items() if len(labels) > 1}
    if not able:
        return
    taken = counted(rows, balanced(rows, per_class))
    totals = Counter()
    for (_, label), n in taken.items():
        totals[label] += n
    assert max(totals.values()) <= per_class
    for source in able:
        quota = {taken[source, label] for label in labels_of[source]}
        assert len(quota) == 1
        exhausted = min(quota) == min(counts[source, label] for label in labels_of[source])
        assert exhausted or any(totals[label] == per_class for label in labels_of[source])


def test_dev_is_the_share_of_each_label_and_the_rest_is_fit():
    rows = rows_of({("a", "toxic"): 50, ("a", "clean"): 200})
    fit, dev = split_dev(rows, 0.2, seed=0)
    assert sorted([*fit, *dev]) == list(range(250))
    assert Counter(rows.labels[i] for i in dev) == {"toxic": 10, "clean": 40}


def test_equal_texts_stay_in_one_part_even_with_different_labels():
    texts = [f"text {i % 10}" for i in range(40)]
    rows = LabelledText(texts, ["toxic" if i % 3 else "clean" for i in range(40)], [None] * 40, [None] * 40)
    fit, dev = split_dev(rows, 0.3)
    assert not {texts[i] for i in fit} & {texts[i] for i in dev}
    assert len(dev)


def test_a_label_with_two_texts_is_in_both_parts():
    rows = rows_of({("a", "toxic"): 2, ("a", "clean"): 2})
    for part in split_dev(rows, 0.01):
        assert {rows.labels[i] for i in part} == {"toxic", "clean"}


def test_the_dev_split_does_not_depend_on_row_order():
    rows = rows_of(TWO_SOURCES)
    shuffled = rows.select(np.random.default_rng(1).permutation(len(rows)))
    assert {rows.texts[i] for i in split_dev(rows, 0.2)[1]} == {
        shuffled.texts[i] for i in split_dev(shuffled, 0.2)[1]
    }


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_share_outside_0_and_1_is_refused(share):
    with pytest.raises(UsageError, match="between 0 and 1"):
        split_dev(rows_of(TWO_SOURCES), share)


def test_folds_hold_each_label_evenly():
    rows = rows_of({("a", "toxic"): 11, ("a", "clean"): 25})
    folds = deal_folds(rows, 5, seed=4)
    assert folds.shape == (36,)
    toxic = np.bincount(folds[[label == "toxic" for label in rows.labels]], minlength=5)
    assert toxic.max() - toxic.min() <= 1
    assert set(folds) == set(range(5))


def test_too_few_texts_for_the_folds_are_refused():
    with pytest.raises(
        InputError, match=r"at least 5 different texts labelled 'toxic' .*, got 3 in 3 rows; add some"
    ):
        deal_folds(rows_of({("a", "toxic"): 3, ("a", "clean"): 25}), 5)
