"""Restoring a text with obfuscated spelling: rules in sequence, each on the output of the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from scopesift_features.restoring.capitals import lowered
from scopesift_features.restoring.edit import Edit, edited
from scopesift_features.restoring.invisible import without_invisible
from scopesift_features.restoring.leet import as_letters
from scopesift_features.restoring.lookalikes import same_script
from scopesift_features.restoring.marks import without_marks
from scopesift_features.restoring.repeats import shortened
from scopesift_features.restoring.spaced_letters import joined
from scopesift_features.restoring.styled_letters import plain_letters
from scopesift_features.tokenizing.normalisation import Aligned

RULES: tuple[Callable[[str], Iterable[Edit]], ...] = (
    plain_letters,
    without_invisible,
    without_marks,
    same_script,
    joined,
    as_letters,
    shortened,
    lowered,
)
"""First rules for characters, so that those for words find whole words, then the rule for texts."""


def restore(text: str) -> Aligned:
    """Undo obfuscated spelling.

    Args:
        text: any string.

    Returns:
        The restored text with offsets in the original; an ordinary text is returned unchanged.
    """
    aligned = Aligned(text)
    for rule in RULES:
        aligned = edited(aligned, rule(aligned.text))
    return aligned


def restored(texts: Sequence[str], wanted: bool) -> list[str]:
    """Texts, restored if `wanted`."""
    return [restore(text).text for text in texts] if wanted else list(texts)
