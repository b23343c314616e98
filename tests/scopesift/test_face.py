import subprocess
import sys

import pytest

from scopesift import Classifier


@pytest.fixture(scope="module")
def classifier(tiny_scope, insults):
    return Classifier.fit("toxicity", insults(100), scope=tiny_scope)


def test_fit_save_load_predict_in_four_lines(classifier, tiny_scope, tmp_path):
    classifier.save(tmp_path / "toxicity.json")
    loaded = Classifier.load(tmp_path / "toxicity.json", scope=tiny_scope)
    texts = ["you idiot number 7", "a fine cat number 8"]
    assert loaded.predict(texts) == classifier.predict(texts)
    assert [verdict.flagged for verdict in loaded.predict(texts)] == [True, False]


@pytest.mark.parametrize(
    "package", ["scopesift_kernels", "scopesift_features.scope", "scopesift_classifiers.judging.engine"]
)
def test_lower_rooms_import_without_service_ray_or_onnx(package):
    code = (
        "import sys\n"
        "for name in ('bentoml', 'ray', 'onnx', 'onnxruntime', 'duckdb'): sys.modules[name] = None\n"
        f"import {package}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
