"""Thresholds per language from YAML: what is read, and what is refused."""

import pytest

pytest.importorskip("yaml")
from scopesift_files.errors import UsageError
from scopesift_filtering.thresholds import read_thresholds


@pytest.fixture
def read(tmp_path, engine):
    def parse(text):
        path = tmp_path / "thresholds.yaml"
        path.write_text(text)
        return read_thresholds(path, list(engine.classifiers.values()))

    return parse


def test_a_default_and_languages_are_read_as_numbers(read):
    assert read("toxicity: {default: 0.5, fr: 1, und: 0}") == {
        "toxicity": {"default": 0.5, "fr": 1.0, "und": 0.0}
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("toxicity: {fr: 0.3}", "needs a default"),
        ("toxicity: 0.5", "needs a default"),
        ("spam: {default: 0.5}", "no score called 'spam'; there are toxicity"),
        ("toxicity: {default: 0.5, xx: 0.3}", "toxicity.xx: no such language; there are de, en, fr, und"),
        ("toxicity: {default: 1.5}", "expected a number from 0 to 1"),
        ("toxicity: {default: yes}", "expected a number from 0 to 1"),
        ("toxicity: {default: .nan}", "expected a number from 0 to 1"),
        ("[0.5]", "expected {toxicity"),
        ("", "expected {toxicity"),
        ("toxicity: {default: 0.5", "cannot be read"),
        ("!!python/object/apply:os.system ['true']", "cannot be read"),
    ],
)
def test_anything_else_is_one_line_that_says_what_was_expected(read, text, says):
    with pytest.raises(UsageError, match=says) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_a_bare_no_is_norwegian_and_not_false(read):
    with pytest.raises(UsageError, match=r"toxicity\.no: no such language"):
        read("toxicity: {default: 0.5, no: 0.3}")
