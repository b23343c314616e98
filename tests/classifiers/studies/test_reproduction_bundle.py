"""What is in a bundle and what can never be, and which files are refused as one."""

import gzip
import json
import platform
import random
import shutil
from dataclasses import replace

import pytest
import torch
from scopesift_classifiers.studies.bundle_schema import BUNDLE, Number, check_shape
from scopesift_classifiers.studies.reproduction import reproduce
from scopesift_classifiers.studies.reproduction_bundle import (
    UNNAMED,
    check_new,
    hash_data,
    pack,
    read_bundle,
    write_bundle,
)
from scopesift_classifiers.studies.reproduction_data import find_languages
from scopesift_features.checks import provenance
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, ScopesiftError, UsageError

SECRET = "zanzibar"
SHA256 = "0" * 63 + "f"


def write_study(folder):
    (folder / "toxicity").mkdir(parents=True)
    rng = random.Random(3)
    for lang in ("en", "de"):
        with gzip.open(folder / "toxicity" / f"{lang}.{SECRET}.jsonl.gz", "wt") as stream:
            for at in range(120):
                words = [SECRET, *(rng.choice(["cat", "rain", "mat"]) for _ in range(5)), "idiot" * (at % 2)]
                row = {"text": " ".join(words), "label": "toxic" if at % 2 else "clean"}
                stream.write(
                    json.dumps(row | {"split": ["train", "train", "dev", "test"][at // 2 % 4]}) + "\n"
                )
    return folder


@pytest.fixture(scope="module")
def study(tiny_scope_folder, tmp_path_factory):
    """A scope in a folder with a secret name, whose scope.json holds a path; data with a secret in every text."""
    place = tmp_path_factory.mktemp(f"{SECRET}-files")
    folder = place / "backbones"
    shutil.copytree(tiny_scope_folder, folder)
    record = json.loads((folder / "scope.json").read_text())
    record |= {"backbone": str(folder / "backbone"), "licence": SECRET, "note": SECRET}
    record["files"] = {"layer1.sae.pt": SHA256, f"/home/{SECRET}.pt": SHA256}
    (folder / "scope.json").write_text(json.dumps(record))
    data = write_study(place / "data")
    scope = Scope.load(folder, device="cpu").only([1, 2])
    return scope, data, reproduce(scope, data)


@pytest.fixture
def bundle(study):
    scope, data, measured = study
    packed = pack(scope, measured, hash_data(find_languages(data)), 12.34)
    return json.loads(json.dumps(packed))  # for a test to change


@pytest.fixture
def written(bundle, tmp_path):
    """Where a bundle lies; `change(…)` it with its own hash left as it was."""
    path = tmp_path / "bundle.json"
    write_bundle(path, bundle)
    return path


def strings(value):
    if isinstance(value, dict):
        yield from (text for key, inner in value.items() for text in (key, *strings(inner)))
    elif isinstance(value, list):
        yield from (text for inner in value for text in strings(inner))
    elif isinstance(value, str):
        yield value


def test_a_bundle_comes_back_as_it_was_packed(bundle, written, study):
    assert read_bundle(written) == bundle
    results = {key: value for key, value in study[2].items() if key != "scope"}
    assert bundle["results"] == results
    assert bundle["run"]["seconds"] == 12.3
    assert bundle["run"]["texts"] == 2 * 120
    assert bundle["scope"]["sha256"] == study[0].fingerprint["sha256"]
    assert bundle["results"]["layers"] == [1, 2]


def test_nothing_private_gets_into_a_bundle(study, tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: f"host-of-{SECRET}")
    monkeypatch.setattr(platform, "release", lambda: f"6.1.0-{SECRET}")
    monkeypatch.setenv("HOSTNAME", f"host-of-{SECRET}")
    scope, data, measured = study
    path = tmp_path / "bundle.json"
    write_bundle(path, pack(scope, measured, hash_data(find_languages(data)), 1.0))
    text = path.read_text()
    assert SECRET not in text
    assert "idiot" not in text
    assert not [one for one in strings(json.loads(text)) if one.startswith(("/", "~", "."))]
    assert json.loads(text)["scope"]["backbone"] == UNNAMED
    assert json.loads(text)["scope"]["files"] == {"layer1.sae.pt": SHA256}
    assert " 6.1.0 " in json.loads(text)["machine"]["system"] + " "


def test_versions_are_those_that_run(bundle):
    import transformers

    assert bundle["versions"]["transformers"] == transformers.__version__
    assert bundle["versions"]["python"] == platform.python_version()
    assert bundle["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert {"scopesift", "torch", "transformers", "python"} <= set(bundle["versions"])


def test_gpus_are_named(study, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda gpu: f"Pretended {gpu}")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert provenance.gpu_names("cuda:1") == ["Pretended cuda:1"]
    assert provenance.gpu_names("auto") == ["Pretended cuda:0", "Pretended cuda:1"]
    assert provenance.gpu_names("cpu") == []


def test_the_hashes_are_those_of_the_files(bundle, study):
    import hashlib

    for lang, paths in find_languages(study[1]).items():
        (path,) = paths
        content = path.read_bytes()
        expected = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert bundle["data"][lang] == [expected]


def test_what_no_bundle_may_hold_is_not_packed(study):
    scope, _, measured = study
    with pytest.raises(InputError, match=r"the bundle\.results: expected the keys .*'texts' is unknown"):
        pack(scope, {**measured, "texts": ["a text"]}, {"en": []}, 1.0)
    with pytest.raises(InputError, match="seconds: expected a number"):
        pack(scope, measured, {"en": []}, float("nan"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b.update(format="something"), "is no bundle"),
        (lambda b: b.update(version=2), "update scopesift"),
        (lambda b: b.update(text="a text"), "'text' is unknown"),
        (lambda b: b.pop("machine"), "'machine' is missing"),
        (lambda b: b["results"]["languages"].pop("en"), "expected 'en' among them"),
        (lambda b: b["results"]["languages"]["de"]["ours"].pop("f1"), "de.ours: .*'f1' is missing"),
        (lambda b: b["results"]["languages"]["de"]["ours"].update(f1=1.5), "ours.f1: expected a number from"),
        (lambda b: b["results"]["languages"]["de"].update(top1={}), "top1: expected keys such as"),
        (lambda b: b["results"].update(layers=[True]), r"layers\[0\]: expected a whole number"),
        (lambda b: b["machine"].update(processor="a\x1b[31mb"), "processor: expected"),
        (lambda b: b["scope"]["files"].update({"/etc/passwd": SHA256}), "files: expected keys such as"),
        (lambda b: b["scope"]["settings"].update(skip="all"), "settings: skip must be one of"),
        (lambda b: b["run"].update(seconds=99.0), "was changed after it was written"),
    ],
)
def test_a_file_that_is_no_whole_bundle_is_refused_in_one_line(bundle, tmp_path, change, message):
    change(bundle)
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle))
    with pytest.raises(InputError, match=message) as found:
        read_bundle(path)
    assert "\n" not in str(found.value)
    assert "\x1b" not in str(found.value)


def test_other_files_are_refused(tmp_path, written):
    with pytest.raises(UsageError, match="no such file"):
        read_bundle(tmp_path / "none.json")
    for content in (written.read_bytes()[:-40], b"\xff\xfe", b"[]", b"[" * 100_000, b""):
        (tmp_path / "other.json").write_bytes(content)
        with pytest.raises(InputError):
            read_bundle(tmp_path / "other.json")


def test_a_place_that_is_taken_is_refused(tmp_path, written):
    check_new(tmp_path / "new.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere")
    for path in (written, tmp_path, tmp_path / "link.json"):
        with pytest.raises(UsageError, match="is there already"):
            check_new(path)


def test_a_failed_write_leaves_nothing(bundle, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ScopesiftError, match="No space left"):
        write_bundle(tmp_path / "bundle.json", bundle)
    assert list(tmp_path.iterdir()) == []


def test_every_shape_refuses_what_it_does_not_describe():
    for shape in BUNDLE.values():
        with pytest.raises(InputError):
            check_shape(object(), shape, "value")
    with pytest.raises(InputError):
        check_shape(True, Number(), "value")
    check_shape(None, replace(Number(), optional=True), "value")
