"""The page on overlap is self-contained, and every text of the user in it is escaped."""

import json
import re

import pytest
from scopesift_classifiers.overlaps.data_sets import open_data_sets
from scopesift_classifiers.overlaps.measure import OverlapSettings, measure_overlap
from scopesift_classifiers.pages.overlap import write_overlap


@pytest.fixture(scope="module")
def page(tiny_scope, tmp_path_factory):
    folder = tmp_path_factory.mktemp("overlap")
    texts = {"a&b": ["<script>alert(1)</script> cat \ud800"] * 4, "rain": ["heute Regen", "das Wetter"] * 2}
    paths = [folder / f"{name}.jsonl" for name in texts]
    for path, own in zip(paths, texts.values(), strict=True):
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in own))
    measured = measure_overlap(tiny_scope, open_data_sets(paths), OverlapSettings())
    path = folder / "overlap.html"
    write_overlap(path, measured)
    return path.read_text(encoding="utf-8")


def test_nothing_is_fetched_and_nothing_runs(page):
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<iframe|\bsrc=|url\(|@import", page)


def test_names_and_texts_are_escaped_and_words_marked(page):
    assert "a&amp;b" in page
    assert "a&b" not in page
    assert re.search(r"<mark>[^<]+</mark>", page)
    assert "alert" in page


def test_sizes_heat_map_layers_and_differences_are_there(page):
    for title in ("Data sets", "What they share", "Layer by layer", "What makes the difference"):
        assert title in page
    assert page.count("1.000</td>") >= 2  # each with itself
    assert "used by rain, not by a&amp;b" in page
    assert page.count("<svg") == 1
