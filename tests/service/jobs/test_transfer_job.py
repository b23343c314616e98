"""What a transfer leaves in the state folder, run here instead of in its own process, on the nano scope."""

import json

import pytest
from scopesift_files.errors import InputError
from scopesift_service.jobs.transfer import run
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import AuditError, AuditLog
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestion, Suggestions

ROWS = [
    *((f"Du bist so eine bitch, sagt Nummer {n}", "toxic") for n in range(4)),
    *((f"Das Wetter ist heute schön am Tag {n}", "clean") for n in range(4)),
]


def job(rows, **given):
    texts, labels = zip(*rows, strict=True)
    asked = {
        "action": "transfer",
        "name": "toxicity",
        "who": "alice",
        "lang": "de",
        "texts": list(texts),
        "labels": list(labels),
    }
    return {
        **asked,
        "positive_share": None,
        "dry_run": False,
        "activate": True,
        "suggested_until": None,
        **given,
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Settings, registry, and the answers of: a dry run, the transfer, the same again, one from other examples."""
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path_factory.mktemp("state"))
    registry = Registry(chosen.state)
    answers = {"dry": run(job(ROWS, dry_run=True), chosen)}
    left = list(registry.folder.rglob("*"))
    answers |= {"first": run(job(ROWS), chosen), "again": run(job(ROWS), chosen)}
    answers["other"] = run(job([(text.upper(), label) for text, label in ROWS]), chosen)
    return registry, answers, left


def test_a_dry_run_tells_what_would_be_and_writes_nothing(done):
    _, answers, left = done
    dry, first = answers["dry"], answers["first"]
    assert left == []
    assert dry["active"] is False
    assert {**dry, "active": True} == first


def test_the_answer_names_the_version_before_and_a_repetition_changes_neither(done):
    _, answers, _ = done
    first, again = answers["first"], answers["again"]
    assert first["base_version"] != first["version"] == again["version"]
    assert again["base_version"] == first["base_version"]
    assert answers["other"]["base_version"] == first["version"]


def test_the_state_folder_holds_each_version_and_its_predecessor(done):
    registry, answers, _ = done
    stored = {version for version, _ in registry.versions("toxicity")}
    first, other = answers["first"], answers["other"]
    assert stored == {first["base_version"], first["version"], other["version"]}
    assert (registry.active("toxicity"), registry.previous("toxicity")) == (
        other["version"],
        first["version"],
    )


def test_the_new_version_shows_quality_of_its_own_rule_only(done):
    registry, answers, _ = done
    start, made = (
        json.loads(registry.path("toxicity", answers["first"][version]).read_text())["quality"]
        for version in ("base_version", "version")
    )
    german = {name for name, measured in made.items() if "de" in measured["by_lang"]}
    assert {name for name, measured in start.items() if "de" in measured["by_lang"]}
    assert german == {"cross-validated de"}
    chosen = answers["first"]["quality"]["cross_validated"]["macro_f1"]
    assert made["cross-validated de"]["macro_f1"] == pytest.approx(chosen, abs=1e-4)
    assert set(start) - set(made) == {"transfer de", "zero-shot de"}


def test_the_replaced_rule_stands_beside_the_new_one(done):
    _, answers, _ = done
    assert answers["first"]["replaced"]["rule"] == "de"
    assert answers["first"]["replaced"]["fitted_on_these"] is False
    assert answers["again"]["replaced"]["fitted_on_these"] is True
    assert answers["again"]["warning"] is None


def test_it_tells_every_stage_that_it_goes_through_and_how_much_of_it_is_done(tmp_path):
    chosen, told = ServiceSettings(scope="nano", device="cpu", state=tmp_path), []
    run(job(ROWS), chosen, lambda stage, done=0, of=0: told.append((str(stage), done, of)))
    stages = [stage for stage, *_ in told]
    assert [stage for at, stage in enumerate(stages) if stage not in stages[:at]] == [
        "loading", "reading", "choosing", "naming", "measuring", "storing"
    ]  # fmt: skip
    assert ("reading", 8, 8) in told
    tried = [(done, of) for stage, done, of in told if stage == "choosing"]
    assert tried == [(done, tried[-1][1]) for done in range(1, tried[-1][1] + 1)]


def test_every_change_is_in_the_audit_trail_and_what_changes_nothing_is_not(done):
    registry, answers, _ = done
    first, other = answers["first"], answers["other"]
    entries = AuditLog(registry.folder).latest(10).entries
    assert [(one["who"], one["action"], one["previous"], one["version"]) for one in reversed(entries)] == [
        ("alice", "transfer", first["base_version"], first["version"]),
        ("alice", "transfer", first["version"], other["version"]),
    ]
    assert [(one["lang"], one["examples"], one["labelled"]) for one in entries] == [("de", 8, True)] * 2


def test_no_rule_is_put_into_use_that_the_audit_trail_cannot_tell(tmp_path):
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path)
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(AuditError, match="nothing was changed"):
        run(job(ROWS), chosen)
    registry = Registry(tmp_path)
    assert [version for version, _ in registry.versions("toxicity")] == [registry.active("toxicity")]


def test_without_labels_the_cut_moves_and_the_answer_says_what_is_flagged(tmp_path):
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path)
    rows = [
        (f"Das Wetter ist heute schön am Tag {n}, sagt Nummer {n % 7} im Park {n * n}", "") for n in range(30)
    ]
    told = run(job(rows, labels=None, positive_share=0.5), chosen)
    assert (told["chosen"], told["strategies"], told["active"]) == ("moved_cut", [], True)
    assert told["quality"]["moved_cut"]["flagged"] == pytest.approx(0.5, abs=0.04)
    assert told["quality"]["examples"] == 30
    stored = json.loads(Registry(chosen.state).path("toxicity", told["version"]).read_text())
    assert stored["fit"]["by_lang"]["de"]["share_of"] == "stated"


def test_a_draft_is_stored_beside_the_version_in_use_takes_no_suggestions_and_is_what_a_transfer_makes(
    tmp_path,
):
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path)
    stored, asked = suggested(chosen, ROWS)
    draft = run({**asked, "activate": False}, chosen)
    registry = Registry(chosen.state)
    assert draft["active"] is False
    assert registry.active("toxicity") == draft["base_version"] != draft["version"]
    assert registry.path("toxicity", draft["version"]).is_file()
    assert stored.counts() == {"de": {"stored": 8, "new": 8}}
    (entry,) = AuditLog(chosen.state).latest(10).entries
    assert (entry["action"], entry["version"], entry["in_use"]) == ("transfer", draft["version"], False)
    assert entry["suggested"] is True
    assert run({**asked, "activate": True}, chosen)["version"] == draft["version"]


def suggested(chosen, rows):
    """Stores decisions and asks for a transfer of all."""
    stored = Suggestions(Registry(chosen.state).home("toxicity"), chosen.max_suggestions)
    stored.add([Suggestion(text, label, "de") for text, label in rows])
    found = stored.latest("de", chosen.max_examples)
    return stored, job(zip(found.texts, found.labels, strict=True), suggested_until=found.until)


def test_a_transfer_of_suggestions_counts_them_as_taken_unless_it_is_a_dry_run(tmp_path):
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path)
    # the first decision about one text is taken back
    stored, asked = suggested(chosen, [(ROWS[0][0], "clean"), *ROWS])
    dry = run({**asked, "dry_run": True}, chosen)
    assert stored.counts() == {"de": {"stored": 8, "new": 8}}
    first = run(asked, chosen)
    assert stored.counts() == {"de": {"stored": 8, "new": 0}}
    assert (dry["version"], first["quality"]["examples"]) == (first["version"], 8)
    _, again = suggested(chosen, ROWS)
    assert run(again, chosen)["version"] == first["version"]
    assert again["texts"] == [text for text, _ in ROWS]
    stored.add([Suggestion("Das ist neu", "clean", "de")])
    assert stored.counts() == {"de": {"stored": 9, "new": 1}}


def test_suggestions_of_one_label_are_told_from_examples(tmp_path):
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path)
    stored, asked = suggested(chosen, ROWS[:4])
    with pytest.raises(InputError, match=r"the suggestions in de: .*two labels"):
        run(asked, chosen)
    assert stored.counts() == {"de": {"stored": 4, "new": 4}}


def test_a_version_that_is_in_use_is_no_failure_if_its_suggestions_cannot_be_marked(tmp_path, log_lines):
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path)
    stored, asked = suggested(chosen, ROWS)
    stored.path.write_text("no database" * 100)
    assert run(asked, chosen)["active"] is True
    assert any("not marked as taken" in line for line in log_lines)
