"""The tables of docs/hardening.md."""

from __future__ import annotations

from typing import Any

from bench.markdown import markdown
from bench.results_file import stored

RECALL, FALSE_POSITIVES, PAIR_RECALL = 0.02, 0.01, 0.05
"""Limits of the loss of recall and the gain of false positives by an attack, and of the loss of recall by two."""


def attacks(result: dict[str, Any] | None = None) -> str:
    """Recall and false positives of every attack on English rows."""
    english = (result or stored("attacks-cpu"))["english"]
    named = {"none": {**english["untouched"], "example": "you stupid idiot"}, **english["attacks"]}
    rows = [
        [
            name,
            f"`{own['example']}`",
            *(
                f"{own[how][what]:.3f}"
                for what in ("recall", "false_positives")
                for how in ("unrestored", "restored")
            ),
        ]
        for name, own in named.items()
    ]
    return markdown(["attack", "example", "recall", "restored", "false positives", "restored"], rows)


def others(result: dict[str, Any] | None = None) -> str:
    """Attacks that the rules were not chosen on."""
    found = (result or stored("attacks-cpu"))["english"]["others"]
    rows = [
        [
            name,
            f"`{own['example']}`",
            *(f"{own['restored'][what]:.3f}" for what in ("recall", "false_positives")),
        ]
        for name, own in found.items()
    ]
    return markdown(["other attack", "example", "recall, restored", "false positives, restored"], rows)


def pairs(result: dict[str, Any] | None = None) -> str:
    """Recall and false positives with two attacks at once, the lowest recall first."""
    found = (result or stored("attacks-cpu"))["english"]["pairs"]
    ordered = sorted(found.items(), key=lambda pair: (pair[1]["recall"], pair[0]))
    return markdown(
        ["two attacks at once", "recall, restored", "false positives, restored"],
        [[name, f"{own['recall']:.3f}", f"{own['false_positives']:.3f}"] for name, own in ordered],
    )


def untouched(result: dict[str, Any] | None = None) -> str:
    """F1 of untouched rows of every language, read as they are and restored."""
    languages = (result or stored("attacks-cpu"))["languages"]
    rows = [
        [
            lang,
            f"{own['n']:,}",
            f"{own['changed'] / own['n']:.1%}",
            f"{own['unrestored']['f1']:.4f}",
            f"{own['restored']['f1']:.4f}",
        ]
        for lang, own in languages.items()
    ]
    return markdown(["language", "rows", "changed by restoring", "F1", "F1, restored"], rows)


def time_line(result: dict[str, Any] | None = None) -> str:
    """The cost of restoring."""
    found = (result or stored("attacks-cpu"))["time"]
    return (
        f"Restoring takes {found['share_of_reading']:.2%} of the reading time on {found['texts']} texts in nine "
        "languages; a text that it changes is read a second time."
    )


def bars(english: dict[str, Any]) -> str:
    """Attacks whose recall or false positives exceed the limits."""
    own = english["untouched"]["restored"]
    far = [
        name
        for name, found in english["attacks"].items()
        if own["recall"] - found["restored"]["recall"] > RECALL
        or found["restored"]["false_positives"] - own["false_positives"] > FALSE_POSITIVES
    ]
    far += [name for name, found in english["pairs"].items() if own["recall"] - found["recall"] > PAIR_RECALL]
    return "beyond the limits: " + (", ".join(far) or "none")
