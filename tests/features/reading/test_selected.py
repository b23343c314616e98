"""What a few features say of texts: the same whoever asks, in whatever batches."""

import numpy as np
import pytest
import torch
from scopesift_features.reading.batching.batches import make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.selected_features import SelectedFeature, by_layer
from scopesift_features.reading.selected_reading import BatchReading, LayerMaxima, Places, SelectedReading
from scopesift_features.reading.torch_reader import TorchReader, kernel_arguments, read_selected

TEXTS = [
    "cat rain mat",
    "Das Wetter ist schön",
    "Сегодня погода",
    "",
    "cat sat on the mat " * 90,
    "\ud800 mat",
]
FEATURES = [(2, 17), (0, 3), (2, 5), (3, 90), (1, 64), (0, 99)]


@pytest.fixture(scope="module")
def firing_features(tiny_scope):
    """Features of two layers that fire in the texts."""
    acts = document_features(tiny_scope, TEXTS, [0, 2]).acts
    return [(layer, int(index)) for layer in (0, 2) for index in np.flatnonzero(acts[layer].sum(axis=0))[:20]]


@pytest.fixture(scope="module")
def reading(tiny_scope, firing_features):
    return read_selected(tiny_scope, TEXTS, firing_features)


def test_selected_features_are_those_of_the_full_encode(tiny_scope, firing_features, reading):
    full = document_features(tiny_scope, TEXTS, list(tiny_scope.layers)).acts
    for column, (layer, index) in enumerate(firing_features):
        np.testing.assert_allclose(
            reading.acts_NS[:, column], full[layer][:, index].toarray()[:, 0], rtol=1e-5
        )


def test_batches_may_come_in_any_order(tiny_scope, firing_features, reading):
    reader = TorchReader(tiny_scope, [SelectedFeature(*feature) for feature in firing_features])
    batches = list(make_batches(make_windows(tiny_scope, TEXTS), 600))
    assert max(len(batch.windows) for batch in batches) > 1 < len(batches)
    orders = []
    for order in (batches, batches[::-1]):
        found = reader.nothing(len(TEXTS))
        for batch in order:
            found.take_in(reader.read_batch(batch))
        orders.append(found)
    one, other = orders
    np.testing.assert_array_equal(one.acts_NS, other.acts_NS)
    np.testing.assert_array_equal(one.places.starts, other.places.starts)
    np.testing.assert_array_equal(one.places.ends, other.places.ends)
    np.testing.assert_allclose(one.acts_NS, reading.acts_NS, rtol=1e-5)


def test_of_equal_activations_in_several_windows_of_a_text_the_earliest_token_is_named():
    acts = np.array([[1.0], [1.0], [0.5]], np.float32)
    starts = np.array([[9], [4], [0]])
    maxima = LayerMaxima(np.array([1]), acts, Places(starts, starts + 2))
    found = SelectedReading.of_nothing(2, 3, places=True)
    found.take_in(BatchReading(np.array([1, 1, 1]), [maxima]))
    assert found.acts_NS.tolist() == [[0, 0, 0], [0, 1, 0]]
    assert found.span(1, 1) == (4, 6)
    assert found.span(0, 1) == found.span(1, 0) == (-1, -1)


def test_without_places_activations_are_the_same_and_a_place_is_refused(tiny_scope, firing_features, reading):
    features = [SelectedFeature(*feature) for feature in firing_features]
    bare = TorchReader(tiny_scope, features).without_places().read(TEXTS)
    np.testing.assert_array_equal(bare.acts_NS, reading.acts_NS)
    assert bare.places is None
    with pytest.raises(ValueError, match="without"):
        bare.span(0, 0)


def test_activations_up_to_their_floor_count_as_none(tiny_scope, firing_features, reading):
    floors = np.median(reading.acts_NS, axis=0)
    features = [
        SelectedFeature(*feature, floor=float(floor))
        for feature, floor in zip(firing_features, floors, strict=True)
    ]
    found = TorchReader(tiny_scope, features).read(TEXTS)
    expected = np.where(reading.acts_NS > floors, reading.acts_NS, 0)
    assert (expected != reading.acts_NS).any()
    np.testing.assert_array_equal(found.acts_NS, expected)
    np.testing.assert_array_equal(found.places.starts >= 0, expected > 0)


def test_a_text_without_tokens_has_no_activation_and_no_place(reading):
    row = TEXTS.index("")
    assert not reading.acts_NS[row].any()
    assert reading.span(row, 0) == (-1, -1)


def test_a_replica_reads_the_same_with_the_same_weights(tiny_scope, firing_features, reading):
    reader = TorchReader(tiny_scope, [SelectedFeature(*feature) for feature in firing_features])
    twin = reader.replica()
    assert twin.backbone is not reader.backbone
    shared = zip(twin.backbone.model.parameters(), reader.backbone.model.parameters(), strict=True)
    assert all(own is theirs for own, theirs in shared)
    np.testing.assert_array_equal(twin.read(TEXTS).acts_NS, reading.acts_NS)


def test_layers_are_ascending_and_asking_again_gives_the_same_objects():
    features = [SelectedFeature(*feature) for feature in FEATURES]
    found = by_layer(features)
    assert [own.layer for own in found] == [0, 1, 2, 3]
    assert [own.columns_S.tolist() for own in found] == [[1, 5], [4], [0, 2], [3]]
    assert [own.indices_S.tolist() for own in found] == [[3, 99], [64], [17, 5], [90]]
    assert all(one is other for one, other in zip(found, by_layer(features), strict=True))


def test_the_same_features_give_the_kernels_the_same_tensors():
    features = [SelectedFeature(*feature, floor=0.5) for feature in FEATURES]
    for one, other in zip(by_layer(features), by_layer(features), strict=True):
        assert all(a is b for a, b in zip(kernel_arguments(one), kernel_arguments(other), strict=True))
        assert kernel_arguments(one)[0].tolist() == one.indices_S.tolist()
        assert kernel_arguments(one)[1].dtype == torch.float32
