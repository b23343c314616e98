import time
from dataclasses import replace
from typing import ClassVar

import pytest
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.judging.language_spans import LanguageSpan
from scopesift_classifiers.judging.token_hits import TokenHit
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_classifiers.onnx.runtime import OnnxEncoder
from scopesift_files.errors import ScopeError
from scopesift_service import metrics
from scopesift_service.engine import current_engine, judged
from scopesift_service.engine.judge import BrokenEngineError, Judge
from scopesift_service.engine.judged import AskedText
from scopesift_service.engine.load_judge import load_judge
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import Registry


def test_the_language_classifier_is_called_the_same_in_both_processes():
    assert judged.LANGUAGE == LANGUAGE


def test_an_answer_has_the_scores_of_all_labels_for_the_formats_that_show_them(base, predicts):
    first, failed = make(base, predicts).answer(items("idiot", "poison"))
    assert first["scores"] == {"toxicity": {"toxic": 1.0}}
    assert failed["scores"] == {}


class FakePredicts:
    """Flags `idiot`; cannot read `poison`; miscounts when told to; everything fails when `broken`."""

    broken = False
    short = False
    spoken = False
    batches: ClassVar[list] = []

    def __init__(self, classifiers):
        if any(classifier.scope["id"] == "another" for classifier in classifiers):
            raise ScopeError("another scope")
        self.classifiers = {classifier.name: classifier for classifier in classifiers}

    @property
    def versions(self):
        return {name: classifier.version for name, classifier in self.classifiers.items()}

    def predict(self, texts):
        self.batches.append(list(texts))
        if self.broken or any("poison" in text for text in texts):
            raise RuntimeError("cannot read this")
        verdicts = [{"toxicity": self.verdict("idiot" in text)} for text in texts]
        if self.spoken:
            spoken = Verdict("many", "en", None, 0.9, {"en": 0.9}, "default", (), 0.5)
            verdicts = [{**found, "language": spoken} for found in verdicts]
        return verdicts[:-1] if self.short and len(texts) > 1 else verdicts

    def verdict(self, toxic):
        return Verdict(
            "binary",
            "toxic" if toxic else "clean",
            toxic,
            float(toxic),
            {"toxic": float(toxic)},
            "default",
            (Evidence(1, 7, "idiot", 2.0, 1.0, 1.0, 0, 5, "idiot", "idiot"),) if toxic else (),
            0.5,
        )


@pytest.fixture
def predicts():
    class Own(FakePredicts):
        batches: ClassVar[list] = []

    return Own


@pytest.fixture(scope="session")
def base():
    return Classifier.load("toxicity", "nano")


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "state")


def spans_of(engine, texts):
    """A span over each text; cannot split `unsplit`."""
    if any("unsplit" in text for text in texts):
        raise RuntimeError("cannot split this")
    return [[LanguageSpan(0, len(text), "en", 0.9)] for text in texts]


def hits_of(engine, judged):
    """One token for each item of evidence; cannot read `unhit`."""
    if any("unhit" in text for text, _ in judged):
        raise RuntimeError("cannot read this")
    hit = TokenHit(0, 1, 0, 4, 1.5)
    return [{name: [[hit] for _ in one.evidence] for name, one in own.items()} for _, own in judged]


def make(base, predicts, registry=None):
    return Judge({"id": "nano"}, [base], predicts, spans_of, hits_of, registry=registry)


def items(*texts, spans=False, tokens=False):
    return [AskedText(text, time.monotonic(), spans, tokens) for text in texts]


def flags(judged):
    return [None if "error" in item else item["verdicts"]["toxicity"]["flagged"] for item in judged]


def test_one_poisoned_text_among_32_costs_the_other_31_nothing(base, predicts):
    judge = make(base, predicts)
    texts = ["idiot" if index % 2 else "fine" for index in range(32)]
    texts[13] = "poison"
    found = flags(judge.answer(items(*texts)))
    assert found[13] is None
    assert [flag for index, flag in enumerate(found) if index != 13] == [
        bool(index % 2) for index in range(32) if index != 13
    ]


def test_a_poisoned_text_is_found_by_halving_and_not_by_asking_one_by_one(base, predicts):
    judge = make(base, predicts)
    predicts.batches.clear()
    judge.answer(items(*["fine"] * 31, "poison"))
    assert len(predicts.batches) == 11  # the batch, and two halves at each of 5 depths


def test_only_the_texts_whose_caller_asked_get_tokens_and_one_that_cannot_be_read_costs_no_other(
    base, predicts
):
    judge = make(base, predicts)
    first, failed, second = judge.answer(items("an idiot", "unhit idiot", "idiots", tokens=True))
    (other,) = judge.answer(items("idiot"))
    for item in (first, second):
        (shown,) = item["verdicts"]["toxicity"]["evidence"]
        assert [token["word_end"] for token in shown["tokens"]] == [4]
    assert "error" in failed
    assert "tokens" not in other["verdicts"]["toxicity"]["evidence"][0]


def test_only_the_texts_whose_caller_asked_get_spans_and_one_that_cannot_be_split_costs_no_other(
    base, predicts
):
    predicts.spoken = True
    judge = make(base, predicts)
    asked = items("one", "unsplit", "two", spans=True)
    first, failed, second, other = judge.answer([*asked, *items("three")])
    assert [item["verdicts"]["language"]["spans"][0]["end"] for item in (first, second)] == [3, 3]
    assert "error" in failed
    assert not failed["verdicts"]
    assert "spans" not in other["verdicts"]["language"]


def test_too_few_answers_are_never_given_to_the_wrong_texts(base, predicts):
    judge = make(base, predicts)
    predicts.short = True
    assert flags(judge.answer(items("idiot", "fine", "idiot"))) == [True, False, True]


def test_an_engine_that_fails_at_its_warm_up_is_broken_but_one_bad_text_breaks_nothing(base, predicts):
    judge = make(base, predicts)
    assert flags(judge.answer(items("poison"))) == [None]
    predicts.broken = True
    with pytest.raises(BrokenEngineError):
        judge.answer(items("fine"))


def test_the_time_in_the_queue_is_told(base, predicts):
    judge = make(base, predicts)
    (item,) = judge.answer([AskedText("fine", time.monotonic() - 2)])
    assert 2 <= item["queue"] < 10
    assert item["seconds"] >= 0


def new_version(base, registry, confidence=0.6):
    made = replace(base, route_confidence=confidence)
    registry.store(made.name, made.version, made.to_json())
    return made


def test_the_start_version_is_stored_so_that_one_can_roll_back_to_it(base, predicts, registry):
    make(base, predicts, registry)
    assert [version for version, _ in registry.versions("toxicity")] == [base.version]


def test_an_activated_version_judges_the_next_batch_of_every_worker_and_rolling_back_undoes_it(
    base, predicts, registry
):
    workers = [make(base, predicts, registry) for _ in range(2)]
    made = new_version(base, registry)
    assert made.version != base.version
    for version in (made.version, base.version):
        registry.activate("toxicity", version)
        for worker in workers:
            assert worker.answer(items("fine"))[0]["classifiers"] == {"toxicity": version}


def test_a_worker_starts_with_the_activated_version(base, predicts, registry):
    made = new_version(base, registry)
    registry.activate("toxicity", made.version)
    assert make(base, predicts, registry).engine.versions == {"toxicity": made.version}


@pytest.mark.parametrize("damage", ["cut", "renamed", "gone", "other scope"])
def test_a_version_that_cannot_be_trusted_changes_nothing(base, predicts, registry, damage, monkeypatch):
    monkeypatch.setattr(current_engine, "RETRY_SECONDS", 0.0)
    judge = make(base, predicts, registry)
    made = new_version(base, registry)
    path = registry.path("toxicity", made.version)
    registry.activate("toxicity", made.version)
    whole = path.read_text()
    if damage == "cut":
        path.write_text(whole[:-100])
    elif damage == "renamed":
        path.write_text(base.to_json())
    elif damage == "gone":
        path.unlink()
    else:
        path.write_text(replace(made, scope={**made.scope, "id": "another"}).to_json())
    before = metrics.version_failures.labels("toxicity")._value.get()
    assert judge.answer(items("idiot"))[0]["classifiers"] == {"toxicity": base.version}
    assert metrics.version_failures.labels("toxicity")._value.get() == before + 1
    path.write_text(whole)
    assert judge.answer(items("idiot"))[0]["classifiers"] == {"toxicity": made.version}


def test_what_is_described_is_what_judges(base, predicts, registry):
    judge = make(base, predicts, registry)
    made = new_version(base, registry)
    registry.activate("toxicity", made.version)
    (described,) = judge.describe()
    assert described["version"] == made.version
    assert described["n_features"] == len(base.features)
    assert {"layer", "index", "threshold", "rule", "label"} == set(described["features"][0])


def test_the_onnx_head_gives_the_torch_heads_answers():
    pytest.importorskip("onnxruntime")
    texts = [
        "You are a stupid bitch",
        "Der Zug kommt heute um neun.",
        "",
        "La economía creció mucho este año. " * 30,
    ]
    found = {}
    for head in ("torch", "onnx"):
        judge = load_judge(ServiceSettings(scope="nano", device="cpu", head=head))
        found[head] = [item["verdicts"] for item in judge.answer(items(*texts))]
        assert isinstance(judge.engine.backend.encoder, OnnxEncoder) == (head == "onnx")
    shown = {
        head: [
            [
                (name, verdict.get("label", verdict.get("flagged")), verdict["rule"])
                for name, verdict in text.items()
            ]
            for text in answers
        ]
        for head, answers in found.items()
    }
    assert shown["onnx"] == shown["torch"]
    scores = {
        head: [v["score"] for text in answers for v in text.values()] for head, answers in found.items()
    }
    assert scores["onnx"] == pytest.approx(scores["torch"], abs=1e-5)
