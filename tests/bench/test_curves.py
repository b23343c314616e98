"""Curves: texts have the length that they are asked for, and what is drawn and tabled is what was measured."""

import pytest
from scopesift_features.scope import Scope

from bench.curves.floor import Floor
from bench.curves.pictures import write
from bench.curves.systems import XLMR
from bench.curves.tables import TITLES, tables
from bench.curves.texts import lengths_of, texts_of


@pytest.mark.parametrize("length", [8, 64, 512])
def test_texts_are_about_as_long_as_asked(length):
    scope = Scope.load("nano", device="cpu")
    texts = texts_of(scope, length, 4)
    assert len(set(texts)) == 4
    assert all(abs(found - length) <= 0.2 * length + 2 for found in lengths_of(scope, texts))


def test_the_floor_does_every_product_once_per_batch(monkeypatch):
    import torch

    floor, done = Floor(blocks=2, d_sae=64, saes=1), []
    monkeypatch.setattr(torch, "mm", lambda x, w: done.append((tuple(x.shape), tuple(w.shape))))
    floor.run([32] * 40)
    assert [x for x, _ in done].count((1024, 384)) == 2 * 3 + 1
    assert [x for x, _ in done].count((8 * 32, 1536)) == 2


def test_tables_and_pictures_show_every_system_where_it_was_measured(tmp_path):
    points = {"1": {"torch": 0.002, XLMR: 0.02}, "2": {"torch": 0.001}}
    content = {"curves": dict.fromkeys(TITLES, points)}
    table = tables(content)["batch"]
    assert "| torch | 2 | 1 |" in table
    assert f"| {XLMR} | 20 | – |" in table
    drawn = [path.read_text() for path in write(content, tmp_path)]
    assert len(drawn) == len(TITLES)
    assert all(one.count("<circle") == 3 + 2 and "XLM-R base" in one for one in drawn)
