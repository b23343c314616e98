import numpy as np
from scopesift_features.reading.batching.batches import make_batches
from scopesift_features.reading.batching.windows import Window


def window(document, length):
    zeros = np.zeros(length, dtype=np.int64)
    return Window(document, np.full(length, document + 1), zeros, zeros, np.ones(length, dtype=bool))


def test_every_window_is_in_exactly_one_batch_and_padding_is_on_the_right():
    lengths = [3, 50, 1, 7, 7, 20, 2, 30]
    windows = [window(i, length) for i, length in enumerate(lengths)]
    seen = []
    for batch in make_batches(windows, max_tokens=60):
        assert batch.ids_BT.size <= 60
        for row, member in enumerate(batch.windows):
            n = len(member.ids)
            assert batch.mask_BT[row].tolist() == [1] * n + [0] * (batch.mask_BT.shape[1] - n)
            assert batch.ids_BT[row, :n].tolist() == member.ids.tolist()
            seen.append(member.document)
    assert sorted(seen) == list(range(len(lengths)))


def test_a_window_longer_than_the_limit_gets_a_batch_of_its_own():
    batches = list(make_batches([window(0, 100), window(1, 5)], max_tokens=10))
    assert [len(batch.windows) for batch in batches] == [1, 1]


def test_windows_of_like_length_share_batches():
    windows = [window(i, 2 if i % 2 else 40) for i in range(20)]
    batches = list(make_batches(windows, max_tokens=400))
    padding = sum(int((batch.mask_BT == 0).sum()) for batch in batches)
    assert padding == 0


def test_no_windows_make_no_batches():
    assert list(make_batches([], max_tokens=10)) == []
