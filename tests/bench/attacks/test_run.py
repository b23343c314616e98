"""The attacks can be read by rules and people, and the tables hold every one of them."""

from dataclasses import replace
from itertools import combinations

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.restoring.restore import restore

from bench.attacks import tables
from bench.attacks.run import Judge
from bench.attacks.spellings import ATTACKS, OTHERS

TEXT = "You are such a stupid idiot, go home."


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_changes_the_text_and_is_undone(name):
    attacked = ATTACKS[name](TEXT)
    assert attacked != TEXT
    words = restore(attacked).text.lower().split()
    assert [word for word in ("stupid", "idiot,") if word not in words] == []


def test_the_verdict_with_restoring_is_the_verdict_on_the_restored_text():
    judge = Judge()
    texts = [attack(TEXT) for attack in (*ATTACKS.values(), *OTHERS.values())]
    restoring = replace(Classifier.load("toxicity"), restore=True)
    engine = Engine(judge.engine.scope, [restoring, Classifier.load("language")])
    expected = [answer["toxicity"].flagged for answer in engine.predict(texts)]
    assert judge.flagged([restore(text).text for text in texts]).tolist() == expected
    assert expected[: len(ATTACKS)] == [True] * len(ATTACKS)


def test_the_tables_hold_every_attack_and_name_those_beyond_the_limits():
    own = {"recall": 0.9, "false_positives": 0.03, "f1": 0.9}
    far = {**own, "recall": 0.87}
    english = {
        "untouched": {"unrestored": own, "restored": own},
        "attacks": {name: {"example": "x", "unrestored": far, "restored": own} for name in ATTACKS},
        "others": {name: {"example": "x", "restored": far} for name in OTHERS},
        "pairs": {f"{one} + {other}": own for one, other in combinations(ATTACKS, 2)},
    }
    assert all(name in tables.attacks({"english": english}) for name in ATTACKS)
    assert all(name in tables.others({"english": english}) for name in OTHERS)
    assert tables.pairs({"english": english}).count("\n") == 2 + len(english["pairs"]) - 1
    assert tables.bars(english).endswith("none")
    english["attacks"]["leet"]["restored"] = far
    assert tables.bars(english).endswith("leet")
