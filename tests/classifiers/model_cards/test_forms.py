"""The forms of a card: Markdown that names cannot break, and Coop's JSON."""

import json
import re

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.model_cards.card import Fact, ModelCard, Section, Table
from scopesift_classifiers.model_cards.forms import FORMS, as_coop, as_markdown
from scopesift_classifiers.model_cards.sections import model_card

COOP_REQUIRES = (
    "trainingData",
    "policyAndTaxonomy",
    "annotationMethodology",
    "performanceBenchmarks",
    "biasAndLimitations",
    "implementationGuidance",
    "relevantLinks",
)
EVIL = "a|b\n# c <script>[x](y) `z\x1b[2J \ud800"


@pytest.fixture
def evil():
    table = Table(EVIL, ("name", "texts"), ((EVIL, "1"), ("b", EVIL)))
    return ModelCard(EVIL, "1", (Section("trainingData", "Data", (Fact(EVIL, EVIL),), (table,)),))


def strings(value):
    if isinstance(value, dict):
        for key, own in value.items():
            yield from (key, *strings(own))
    elif isinstance(value, list):
        for own in value:
            yield from strings(own)
    else:
        yield value


@pytest.mark.parametrize(("scope", "name"), [("e5", "toxicity"), ("e5", "domain"), ("nano", "language")])
def test_coop_finds_every_section_that_it_requires_with_fields_of_text(scope, name):
    content = json.loads(as_coop(model_card(Classifier.load(name, scope))))
    assert set(content) == {"modelName", "version", "sections"}
    assert set(COOP_REQUIRES) <= {section["id"] for section in content["sections"]}
    assert all(isinstance(own, str) and own for own in strings(content))
    for section in content["sections"]:
        assert set(section) <= {"id", "title", "fields", "subsections"}
        for part in (section, *section.get("subsections", [])):
            assert part["fields"]
            assert all(set(field) == {"label", "value"} for field in part["fields"])


def test_both_forms_hold_the_same_facts_and_rows():
    card = model_card(Classifier.load("toxicity", "nano"))
    content = json.loads(as_coop(card))
    text = as_markdown(card)
    for section, own in zip(content["sections"], card.sections, strict=True):
        assert len(section["fields"]) == len(own.facts)
        assert [len(part["fields"]) for part in section.get("subsections", [])] == [
            len(table.rows) for table in own.tables
        ]
        assert f"\n## {own.title}\n" in text
    assert text.count("\n- **") == sum(len(section.facts) for section in card.sections)


def test_names_add_no_line_column_or_markup_to_markdown(evil):
    lines = as_markdown(evil).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("#")] == ["#", "##", "###"]
    rows = [line for line in lines if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [3, 3, 3, 3]
    text = "\n".join(lines)
    assert not re.search(r"(?<!\\)[<\[`]", text)
    assert "\x1b" not in text


@pytest.mark.parametrize("form", FORMS)
def test_any_name_can_be_written_as_utf8(evil, form):
    assert FORMS[form](evil).encode()


@pytest.mark.parametrize("form", FORMS)
def test_equal_artifacts_give_equal_cards(form):
    first, second = (FORMS[form](model_card(Classifier.load("domain", "nano"))) for _ in range(2))
    assert first == second
