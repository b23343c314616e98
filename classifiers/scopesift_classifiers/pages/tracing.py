"""A page with a trace: the text, its tokens shaded by what speaks for the traced label, and their features."""

from __future__ import annotations

from html import escape
from pathlib import Path

from scopesift_classifiers.pages.page import html_table, section, write_page
from scopesift_classifiers.tracing.trace import FiredFeature, Trace, TracedToken

_STYLE = """
.text { font-size: 1.15rem; line-height: 1.9; padding: 1rem 1.2rem; background: var(--panel); white-space: pre-wrap;
  border-radius: var(--radius); overflow-wrap: anywhere; }
.text .wrote { font-weight: 600; } .text .speaks { box-shadow: inset 0 -.14em rgb(var(--for)); }
.text .first { outline: 2px solid rgb(var(--for)); border-radius: .2rem; }
.text span:hover { background: var(--line); } td { vertical-align: top; }
"""


def write_trace(path: Path, scope: str, trace: Trace) -> None:
    """Write the page.

    Args:
        path: The file.
        scope: The scope's name.
        trace: The trace.
    """
    about = f'<p class="dim">scope {escape(scope)}; what the model wrote is bold'
    if trace.label is not None:
        about += f"; underlined: a feature that speaks for {escape(trace.label)}"
    parts = [f"{about}.</p>", f'<p class="text">{_text(trace)}</p>', *_firsts(trace)]
    rows = [
        [str(number), token.text, _place(token), "; ".join(map(_feature, token.features))]
        for number, token in enumerate(trace.tokens)
    ]
    table = html_table(["token", "text", "from", "features"], rows, numbers_from=4)
    parts.append(section("tokens", "Tokens and their strongest features", table))
    write_page(path, "Which features fired where", "".join(parts), style=_STYLE)


def _text(trace: Trace) -> str:
    parts, at = [], 0
    for number, token in enumerate(trace.tokens):
        parts.append(escape(trace.text[at : token.start]))
        marks = [
            name
            for name, holds in (
                ("wrote", token.generated),
                ("speaks", any(one.weight > 0 for one in token.features)),
                ("first", number == trace.first_feature),
            )
            if holds
        ]
        about = escape(f"token {number}: " + "; ".join(map(_feature, token.features)), quote=True)
        begin = max(at, token.start)
        parts.append(
            f'<span class="{" ".join(marks)}" title="{about}">{escape(trace.text[begin : token.end])}</span>'
        )
        at = max(at, token.end)
    return "".join(parts) + escape(trace.text[at:])


def _firsts(trace: Trace) -> list[str]:
    if trace.label is None:
        return []
    found = []
    firsts = {
        "A feature first speaks for it": trace.first_feature,
        "The text first gets it": trace.first_verdict,
    }
    for what, at in firsts.items():
        where = "never" if at is None else f"at token {at}, {trace.tokens[at].text!r}"
        found.append(f"<li>{escape(what)}: {escape(where)}</li>")
    return [f"<p><b>{escape(trace.label)}</b></p><ul>{''.join(found)}</ul>"]


def _place(token: TracedToken) -> str:
    return "model" if token.generated else "prompt"


def _feature(feature: FiredFeature) -> str:
    weight = f" ({feature.weight:+.2f})" if feature.weight else ""
    name = f" {_isolated(feature.name)}" if feature.name else ""
    lens = f" → {' '.join(map(_isolated, feature.lens))}" if feature.lens else ""
    return f"{feature.layer}:{feature.index} {feature.activation:.2f}{weight}{name}{lens}"


def _isolated(words: str) -> str:
    """Words between Unicode's isolates, so that right-to-left ones don't reorder the numbers around them."""
    return f"\u2068{words}\u2069"
