import json
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


def test_of_a_file_with_splits_only_the_train_rows_are_fitted_on(tiny_scope, insults, tmp_path):
    rows, marks = insults(120), ("train", "train", "dev", "dev", "test", "test")
    path = tmp_path / "rows.jsonl"
    with path.open("w") as stream:
        for at, (text, label) in enumerate(zip(rows.texts, rows.labels, strict=True)):
            stream.write(json.dumps({"text": text, "label": label, "split": marks[at % 6]}) + "\n")
    fit = Classifier.fit("toxicity", path, scope=tiny_scope).artifact.fit
    of_split = [rows.select([at for at in range(120) if marks[at % 6] == mark]) for mark in ("train", "dev")]
    assert [fit[part]["sha256"] for part in ("train", "dev")] == [part.fingerprint() for part in of_split]


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
