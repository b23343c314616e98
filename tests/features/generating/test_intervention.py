import pytest
from scopesift_features.generating.intervention import (
    BOOST,
    CLAMP,
    SUPPRESS,
    Intervention,
    parse_intervention,
)
from scopesift_files.errors import UsageError


@pytest.mark.parametrize(
    ("text", "action", "amount"),
    [
        ("12:6159=+8", BOOST, 8.0),
        ("12:6159=-2.5", BOOST, -2.5),
        ("12:6159=5", CLAMP, 5.0),
        ("12:6159=0", CLAMP, 0.0),
        ("12:6159=-", SUPPRESS, 0.0),
    ],
)
def test_a_change_is_read_as_it_is_spelled_and_spelled_as_it_is_read(text, action, amount):
    found = parse_intervention(text)
    assert found == Intervention(12, 6159, action, amount)
    assert parse_intervention(str(found)) == found


@pytest.mark.parametrize(
    "text", ["12:6159", "12=5", "12:6159=", "12:6159=+", "a:1=5", "12:6159=1e3", "12:-1=5", ""]
)
def test_another_form_gets_one_line_with_examples(text):
    with pytest.raises(UsageError, match=r"LAYER:FEATURE=CHANGE.*12:6159=\+8"):
        parse_intervention(text)


@pytest.mark.parametrize(
    ("action", "amount", "message"),
    [
        ("push", 1, "an action must be"),
        (CLAMP, -1, "clamped to -1"),
        (SUPPRESS, 2, "takes no amount"),
        (BOOST, float("nan"), "finite"),
    ],
)
def test_impossible_changes_are_refused(action, amount, message):
    with pytest.raises(UsageError, match=message):
        Intervention(1, 2, action, amount)
