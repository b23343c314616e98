"""Sampling of rows by hash, independent of row order and random generators."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scopesift_files.counted import counted
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled

DEV_SHARE = 0.2
"""Share of the rows that is held out as dev rows if none are marked."""


def balanced(
    labelled: LabelledText, per_class: int, *, by_source: bool = True, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Choose rows with balanced labels inside every source.

    Otherwise a source that predicts the label would be learned instead of the label. Sources share `per_class` as
    evenly as their sizes allow; a source with one label is left out. A label has at most `per_class` rows in all.

    Args:
        labelled: the rows to choose from.
        per_class: rows wanted of each label, over all sources.
        by_source: False: ignore sources.
        seed: seed of the sample.

    Returns:
        Distinct row indices, ordered by hash: `labelled.select` of them is the same for any order of the rows.

    Raises:
        UsageError: `per_class` is below 1.
        InputError: no source has two labels.
    """
    if per_class < 1:
        raise UsageError(f"expected at least 1 row per class, got {per_class}; ask for more")
    labelled.require_two_classes()
    cells: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    hash_order = _hash_order(labelled, seed)
    for row in hash_order:
        cells[(labelled.sources[row] or "") if by_source else ""][labelled.labels[row]].append(row)
    cells = {source: cells[source] for source in sorted(cells) if len(cells[source]) > 1}
    if not cells:
        raise InputError(
            f"{labelled.origin}: expected a source with two labels, got one label in every source; "
            "add the missing labels, or do not balance inside of sources"
        )
    quotas = _even_shares(
        {source: min(map(len, by_label.values())) for source, by_label in cells.items()},
        {source: sorted(by_label) for source, by_label in cells.items()},
        per_class,
    )
    taken = {
        row
        for source, by_label in cells.items()
        for rows in by_label.values()
        for row in rows[: quotas[source]]
    }
    return np.array([row for row in hash_order if row in taken], dtype=np.int64)


def read_balanced(
    path: str | Path,
    per_class: int | None,
    *,
    text: str = "text",
    label: str = "label",
    split: str | None = None,
) -> LabelledText:
    """Reads rows as `read_labelled`, at most `per_class` a label, balanced inside each source; None keeps all.

    Raises:
        UsageError, InputError: as `read_labelled` and `balanced`.
    """
    rows = read_labelled(path, text=text, label=label, split=split)
    return rows if per_class is None else rows.select(np.sort(balanced(rows, per_class)))


def split_dev(
    labelled: LabelledText, share: float = DEV_SHARE, *, seed: int = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split rows into fit and dev rows by hash, stratified by label.

    Equal texts are in the same part. A label with at least two different texts is in both parts.

    Args:
        labelled: the rows to split.
        share: of the distinct texts of each label, between 0 and 1.
        seed: seed of the split.

    Returns:
        Row indices of the fit part and of the dev part, each ascending.

    Raises:
        UsageError: `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise UsageError(f"expected a dev share between 0 and 1, got {share}; {DEV_SHARE} is usual")
    in_dev: set[str] = set()
    for texts in _texts_by_label(labelled, seed).values():
        wanted = min(max(round(share * len(texts)), 1), len(texts) - 1)
        in_dev.update(texts[:wanted])
    dev_N = np.array([text in in_dev for text in labelled.texts], dtype=bool)
    return np.flatnonzero(~dev_N), np.flatnonzero(dev_N)


def deal_folds(labelled: LabelledText, n_folds: int, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Assign rows to folds for cross-fitting, stratified by label, with equal texts in one fold.

    Returns:
        `[N]` the fold of each row, 0 to `n_folds` - 1.

    Raises:
        UsageError: fewer than 2 folds.
        InputError: a label has fewer different texts than there are folds.
    """
    if n_folds < 2:
        raise UsageError(f"expected at least 2 folds, got {n_folds}")
    require_texts(labelled, n_folds, why="one for each fold of the cross-validation")
    fold_of: dict[str, int] = {}
    for texts in _texts_by_label(labelled, seed).values():
        fold_of.update((text, rank % n_folds) for rank, text in enumerate(texts))
    return np.array([fold_of[text] for text in labelled.texts], dtype=np.int64)


def require_texts(labelled: LabelledText, least: int, *, why: str) -> None:
    """Checks that every label has enough different texts.

    Args:
        labelled: the rows.
        least: minimum number of different texts per label.
        why: the reason, for the message.

    Raises:
        InputError: a label has fewer.
    """
    counts = different_texts(labelled)
    for label in labelled.classes:
        if counts[label] < least:
            raise InputError(
                f"{labelled.origin}: expected at least {least} different texts labelled {label!r} ({why}), "
                f"got {counts[label]} in {counted(labelled.labels.count(label), 'row')}; add some"
            )


def different_texts(labelled: LabelledText) -> Counter[str]:
    """Number of different texts per label; a text with several labels counts for the first of them."""
    return Counter(_label_of_text(labelled).values())


def _even_shares(sizes: Mapping[str, int], labels: Mapping[str, list[str]], per_class: int) -> dict[str, int]:
    """Max-min fair shares of the sources.

    Args:
        sizes: per source, number of rows of its rarest label.
        labels: labels per source; sources with a common label share its `per_class`.
        per_class: maximum rows of a label over all sources.
    """
    shares = dict.fromkeys(sizes, 0)
    room = {label: per_class for names in labels.values() for label in names}
    growing = list(sizes)
    while growing:
        claims = {label: sum(label in labels[source] for source in growing) for label in room}
        step = min(sizes[source] - shares[source] for source in growing)
        step = min([step, *(room[label] // claim for label, claim in claims.items() if claim)])
        # The remainder is given to the first sources, one row each.
        for source in growing:
            grown = max(step, 1) if all(room[label] > 0 for label in labels[source]) else 0
            grown = min(grown, sizes[source] - shares[source])
            shares[source] += grown
            for label in labels[source]:
                room[label] -= grown
        growing = [
            source
            for source in growing
            if shares[source] < sizes[source] and all(room[label] > 0 for label in labels[source])
        ]
    return shares


def _hash(seed: int, value: Hashable) -> bytes:
    """A hash of a text or a row of texts; `repr` escapes lone surrogates and separates fields."""
    return hashlib.blake2b(f"{seed} {value!r}".encode("utf-8", "backslashreplace"), digest_size=16).digest()


def _hash_order(labelled: LabelledText, seed: int) -> list[int]:
    keys = [
        _hash(seed, row)
        for row in zip(labelled.texts, labelled.labels, labelled.langs, labelled.sources, strict=True)
    ]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _texts_by_label(labelled: LabelledText, seed: int) -> dict[str, list[str]]:
    """Each label's distinct texts in hash order; a text with several labels counts for the first of them."""
    label_of = _label_of_text(labelled)
    texts: dict[str, list[str]] = {label: [] for label in sorted(set(label_of.values()))}
    for text in sorted(label_of, key=lambda text: _hash(seed, text)):
        texts[label_of[text]].append(text)
    return texts


def _label_of_text(labelled: LabelledText) -> dict[str, str]:
    label_of: dict[str, str] = {}
    for text, label in zip(labelled.texts, labelled.labels, strict=True):
        label_of[text] = min(label, label_of.get(text, label))
    return label_of
