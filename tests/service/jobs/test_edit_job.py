"""What naming and muting a feature leave in the state folder, run here instead of in their own process, on nano."""

import json
import subprocess
import sys

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.errors import InputError, UsageError
from scopesift_service.http.errors import ServiceError
from scopesift_service.jobs.edit import run
from scopesift_service.jobs.version_change import version_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import AuditError, AuditLog
from scopesift_service.versions.progress import progress_of
from scopesift_service.versions.registry import Registry

EXAMPLES = [("You are such a bitch", "toxic"), ("The weather is nice today", "clean")]


@pytest.fixture
def chosen(tmp_path):
    return ServiceSettings(scope="nano", device="cpu", state=tmp_path / "state")


@pytest.fixture(scope="module")
def bundled():
    return Classifier.load("toxicity", "nano")


def job(action, place, rows=(), **given):
    asked = {"action": action, "name": "toxicity", "who": "alice", "layer": place[0], "index": place[1]}
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    rest = {"given_name": None, "texts": texts, "labels": labels, "dry_run": False, "activate": True}
    return {**asked, **rest, **given}


def test_a_named_feature_has_its_name_in_a_new_version_that_is_in_use(chosen, bundled):
    place = bundled.default.feature_ids[0]
    answer = run(job("rename", place, given_name="insults"), chosen)
    registry = Registry(chosen.state)
    assert (answer["active"], registry.active("toxicity")) == (True, answer["version"])
    assert answer["base_version"] == bundled.version == registry.previous("toxicity")
    stored = Classifier.load(registry.path("toxicity", answer["version"]))
    assert stored.default.features[0].given_name == "insults"
    (entry,) = AuditLog(chosen.state).latest(9).entries
    assert (entry["who"], entry["action"], entry["given_name"]) == ("alice", "rename", "insults")
    assert entry["feature"] == f"{place[0]}:{place[1]}"


def test_a_muted_feature_is_gone_from_a_draft_and_the_version_in_use_stays(chosen, bundled):
    place = bundled.default.feature_ids[0]
    answer = run(job("mute", place, activate=False), chosen)
    registry = Registry(chosen.state)
    assert registry.active("toxicity") == answer["base_version"] == bundled.version
    stored = Classifier.load(registry.path("toxicity", answer["version"]))
    assert place not in stored.features
    assert (answer["calibration"], answer["compared"]) == ("kept", None)
    assert "default" in answer["rules"]
    (entry,) = AuditLog(chosen.state).latest(9).entries
    assert (entry["action"], entry["in_use"]) == ("mute", False)
    run(job("mute", place, activate=False), chosen)
    assert len(AuditLog(chosen.state).latest(9).entries) == 1


def test_old_and_new_verdicts_are_compared_on_the_examples_with_progress_and_no_text_is_kept(chosen, bundled):
    told = []
    answer = run(
        job("mute", bundled.default.feature_ids[0], EXAMPLES), chosen, lambda *stage: told.append(stage)
    )
    compared = answer["compared"]
    assert compared["examples"] == 2
    assert set(compared["old"]) == set(compared["new"]) == {"macro_f1", "balanced_accuracy", "accuracy"}
    stages = [stage for stage, *_ in told]
    assert [stage for at, stage in enumerate(stages) if stage not in stages[:at]] == [
        "loading", "comparing", "storing"
    ]  # fmt: skip
    assert ("comparing", 4, 4) in told
    written = "".join(path.read_text() for path in chosen.state.rglob("*") if path.is_file())
    assert not [text for text, _ in EXAMPLES if text in written]


def test_a_dry_run_writes_nothing(chosen, bundled):
    answer = run(job("mute", bundled.default.feature_ids[0], dry_run=True), chosen)
    assert answer["active"] is False
    assert not chosen.state.exists()


def test_a_version_that_was_edited_is_what_is_edited_next(chosen, bundled):
    one, other = bundled.default.feature_ids[:2]
    run(job("mute", one), chosen)
    answer = run(job("rename", other, given_name="insults"), chosen)
    stored = Classifier.load(Registry(chosen.state).path("toxicity", answer["version"]))
    assert one not in stored.features
    assert "insults" in {item.given_name for item in stored.default.features}


def test_what_cannot_be_changed_so_is_an_error_and_changes_nothing(chosen, bundled):
    with pytest.raises(UsageError, match="reads no feature 99:1"):
        run(job("mute", (99, 1)), chosen)
    with pytest.raises(UsageError, match="has no given name"):
        run(job("rename", bundled.default.feature_ids[0], given_name=""), chosen)
    with pytest.raises(InputError, match="rude"):
        run(job("mute", bundled.default.feature_ids[0], [("a", "rude")]), chosen)
    (chosen.state / "audit.jsonl").mkdir()
    with pytest.raises(AuditError):
        run(job("mute", bundled.default.feature_ids[0]), chosen)
    registry = Registry(chosen.state)
    assert registry.active("toxicity") == bundled.version
    assert len(registry.versions("toxicity")) == 1


def test_what_a_caller_can_mend_has_a_status_of_its_own(chosen, bundled):
    home = Registry(chosen.state).home("toxicity")
    with pytest.raises(ServiceError) as refused:
        version_job(run)(job("mute", (99, 1)), chosen)
    assert refused.value.status == 422
    assert progress_of(home) is None
    (chosen.state / "audit.jsonl").mkdir()
    with pytest.raises(ServiceError) as refused:
        version_job(run)(job("mute", bundled.default.feature_ids[0]), chosen)
    assert refused.value.status == 503
    assert str(chosen.state) not in refused.value.message


WITHOUT_TORCH = """
import json, sys
sys.modules["torch"] = None
from pathlib import Path
from scopesift_service.jobs.edit import run
from scopesift_service.settings import ServiceSettings
job = json.loads(sys.stdin.read())
print(json.dumps(run(job, ServiceSettings(scope="e5", device="cpu", state=Path(sys.argv[1])))))
"""


def test_features_are_muted_and_versions_compared_where_torch_is_not_installed(tmp_path):
    asked = job("mute", Classifier.load("toxicity", "e5").default.feature_ids[0], EXAMPLES)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path)],
        input=json.dumps(asked), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["compared"]["examples"] == 2
