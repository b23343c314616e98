import hashlib
import json
import re
from pathlib import Path

import pytest
from scopesift_features.catalogue.listing import describe_scope
from scopesift_features.catalogue.table import catalogue
from scopesift_features.pulling import known_files
from scopesift_features.pulling.known_files import KNOWN_FILES, KNOWN_REVISIONS, KnownFile
from scopesift_features.pulling.pull import pull
from scopesift_features.sae.config import layer_of
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

NAME = "tiny-w0k-l0_8"
GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"


def sha256(hub, layer):
    return hashlib.sha256((hub.root / GROUP / f"layer{layer}.sae.pt").read_bytes()).hexdigest()


@pytest.fixture
def told(at_hub):
    """`told(*layers)`: pull the layers; what was said."""

    def told(*layers):
        lines = []
        pull(NAME, layers=layers, tell=lines.append)
        return "\n".join(lines)

    return told


@pytest.fixture
def known(monkeypatch):
    """`known(revision, name, sha256)`: a table that knows one file of the group."""

    def known(*file):
        monkeypatch.setattr(known_files, "KNOWN_FILES", (KnownFile(GROUP, *file),))

    return known


def test_the_hash_of_every_converted_file_stands_in_scope_json(told, at_hub, hub):
    told(3)
    told(0, 1)
    files = json.loads((at_hub / "scope.json").read_text())["files"]
    assert list(files.items()) == [(f"layer{layer}.sae.pt", sha256(hub, layer)) for layer in (0, 1, 3)]
    assert describe_scope(NAME)["files"] == files


def test_a_file_of_the_table_is_said_to_be_known_and_others_not(told, hub, known, monkeypatch):
    known(hub.commit(GROUP), "layer1.sae.pt", sha256(hub, 1))
    monkeypatch.setattr(known_files, "KNOWN_REVISIONS", {BACKBONE: hub.commit(BACKBONE)})
    said = told(1, 2)
    assert f"layer1.sae.pt: known file, SHA-256 {sha256(hub, 1)}" in said
    assert f"layer2.sae.pt: not in our table, SHA-256 {sha256(hub, 2)}" in said
    assert "(known revision)" in said


def test_a_file_that_was_altered_at_a_known_revision_is_refused(told, hub, known, at_hub):
    told(0)
    known(hub.commit(GROUP), "layer1.sae.pt", "0" * 64)
    with pytest.raises(ScopeError, match=f"has SHA-256 {sha256(hub, 1)}, but .* known to have 0000"):
        told(1)
    assert Scope.load(NAME, device="cpu").layers == (0,)
    assert list(json.loads((at_hub / "scope.json").read_text())["files"]) == ["layer0.sae.pt"]


def test_another_revision_of_a_known_file_is_pulled_and_said_to_be_another(told, hub, known):
    known("f" * 40, "layer1.sae.pt", "0" * 64)
    assert "layer1.sae.pt: not in our table, which has the file of revision ffffffffffff" in told(1)


def test_hashes_change_nothing_of_what_identifies_a_scope(told, at_hub):
    told(1)
    with_hashes = Scope.load(NAME, device="cpu").fingerprint
    path = at_hub / "scope.json"
    content = json.loads(path.read_text())
    del content["files"]
    path.write_text(json.dumps(content))
    assert Scope.load(NAME, device="cpu").fingerprint == with_hashes


def test_hashes_that_are_none_are_refused_in_one_line(told, at_hub):
    told(1)
    path = at_hub / "scope.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": ["layer1.sae.pt"]}))
    with pytest.raises(ScopeError, match="files should map names to SHA-256"):
        Scope.load(NAME)


def test_the_table_names_files_and_backbones_of_the_catalogue():
    entries = catalogue().values()
    layers = {entry.sae: entry.n_layers for entry in entries}
    for file in KNOWN_FILES:
        assert layer_of(Path(file.name)) < layers[file.repo]
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert re.fullmatch("[0-9a-f]{40}", file.revision)
    assert set(KNOWN_REVISIONS) <= {entry.backbone for entry in entries}
