"""The bundled ONNX graphs are those that the recipe writes."""

import gzip
import shutil

import onnx
import pytest
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.reading.onnx.sessions import FOLDER

from recipes.e5.graphs import encode_graph, main


def _graphs(folder):
    found = {}
    for path in sorted(folder.glob("*.onnx*")):
        content = path.read_bytes()
        found[path.name] = onnx.load_from_string(
            gzip.decompress(content) if path.suffix == ".gz" else content
        )
    return found


def test_the_recipe_writes_the_bundled_graphs(tmp_path):
    shutil.copytree(bundled_folder("e5"), tmp_path / "e5", ignore=shutil.ignore_patterns(FOLDER, "cards"))
    main(tmp_path / "e5")
    assert _graphs(tmp_path / "e5" / FOLDER) == _graphs(bundled_folder("e5") / FOLDER)


@pytest.mark.parametrize(("features", "k"), [(100, 3), (64, 5)])
def test_features_that_do_not_divide_into_groups_are_refused(features, k):
    with pytest.raises(ValueError, match="expected a multiple of 16 features and at least"):
        encode_graph(8, features, k)
