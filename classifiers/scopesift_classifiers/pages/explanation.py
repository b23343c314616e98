"""A page with a text whose tokens are shaded by their contribution to the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.per_token import TokenReading, read_tokens
from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import LANGUAGE
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.measuring.feature_cards import FeatureCard, bundled_cards
from scopesift_classifiers.pages.contributions import Contributions, token_contributions
from scopesift_classifiers.pages.page import folded, html_table, section, write_page
from scopesift_classifiers.pages.plots import histogram_svg, share_bars
from scopesift_classifiers.pages.report_words import language_name

FAINTEST = 0.04  # below it a shade is not visible, and the token has no panel
MOST_PANELS = 300
FEATURES_A_TOKEN = 3
SHARES_A_CARD = 4

_STYLE = """
.text { font-size: 1.2rem; line-height: 1.95; padding: 1rem 1.2rem; background: var(--panel); white-space: pre-wrap;
  border-radius: var(--radius); overflow-wrap: anywhere; }
.tok { border-radius: .25rem; padding: .12em 0; background: rgb(var(--hue) / calc(.65 * var(--w))); cursor: help; }
.tok.fires { box-shadow: inset 0 -.14em rgb(var(--hue)); } .tok:focus { outline: 2px solid var(--ours); }
.tok > aside { display: none; position: fixed; z-index: 2; inset: auto .6rem .6rem .6rem; max-height: 46vh;
  overflow: auto; background: var(--ground); border: 1px solid var(--line); border-radius: var(--radius);
  padding: .9rem 1.1rem; box-shadow: 0 .5rem 2.2rem #0004; font-size: .92rem; line-height: 1.5; white-space: normal; }
.tok:hover > aside, .tok:focus > aside { display: block; } .tok:hover > aside { z-index: 3; }
.tok aside b.big { font-size: 1.1rem; overflow-wrap: anywhere; } .tok aside h4 { margin: .7rem 0 .15rem; }
.tok aside svg { max-width: 19rem; } h2 small { font-weight: 400; color: var(--dim); }
.how { border-bottom: 1px dashed var(--line); padding-bottom: 1rem; }
.swatch.for { background: rgb(var(--for) / .65); } .swatch.against { background: rgb(var(--against) / .65); }
@media (min-width: 70rem) { body { max-width: 74rem; padding-right: 25rem; }
  .tok > aside { inset: 2rem calc(max(0px, (100vw - 74rem) / 2) + 1rem) auto auto; width: 22.5rem; max-height: 92vh; } }
@media print { .tok > aside { display: none !important; } }
"""


def write_explanation(path: Path, text: str, answer: Mapping[str, Verdict], engine: Engine) -> None:
    """Write the page.

    Args:
        path: The file.
        text: The text.
        answer: The engine's verdicts by classifier name.
        engine: The engine.
    """
    forms = engine.forms([text])
    readings = read_tokens(engine.reader, forms.texts)
    parts = [
        f'<p class="dim">scope {escape(engine.scope.id)}</p>'
        '<p class="how">Every token is shaded by what it did for a verdict. Point at one, or press <b>Tab</b> to go '
        "from one to the next, to see which features fired on it and what they usually mean.</p>"
    ]
    for name, verdict in sorted(answer.items(), key=lambda pair: pair[1].flagged is None):
        row = int(forms.rows(engine.classifiers[name])[0])
        reading = _in_original(readings[row], forms, row)
        parts.append(_verdict_section(engine, name, verdict, text, reading))
    write_page(path, "Why scopesift says so", "".join(parts), style=_STYLE)


def _in_original(reading: TokenReading, forms: TextForms, row: int) -> TokenReading:
    """The reading of document `row` with offsets in the original text."""
    if row not in forms.restored:
        return reading
    spans_T2 = forms.restored[row].original(np.stack([reading.starts_T, reading.ends_T], axis=1))
    return TokenReading(spans_T2[:, 0], spans_T2[:, 1], reading.acts_TS)


def shaded_text(
    text: str,
    reading: TokenReading,
    given: Contributions,
    panels: Mapping[int, str],
    fires_T: NDArray[np.bool_],
) -> str:
    """The text as HTML with shaded tokens and their panels; text between tokens is kept.

    Args:
        text: The text.
        reading: Its T pieces.
        given: Their contributions.
        panels: Piece -> HTML to show on hover.
        fires_T: Pieces on which a feature of the decision fires, bool.
    """
    out, at = [], 0
    for piece, (start, end) in enumerate(zip(reading.starts_T, reading.ends_T, strict=True)):
        out.append(escape(text[at:start]))
        shade, words = float(given.shade_T[piece]), escape(text[start:end])
        at = int(end)
        if abs(shade) < FAINTEST or piece not in panels:
            out.append(words)
            continue
        hue = "for" if shade > 0 else "against"
        out.append(
            f'<span class="tok{" fires" if fires_T[piece] else ""}" tabindex="0" '
            f'style="--hue:var(--{hue});--w:{abs(shade):.2f}">{words}{panels[piece]}</span>'
        )
    return "".join([*out, escape(text[at:])])


def _verdict_section(engine: Engine, name: str, verdict: Verdict, text: str, reading: TokenReading) -> str:
    classifier = engine.classifiers[name]
    decision, label = classifier.decision(verdict.rule), verdict.likeliest
    columns = engine.columns[name][verdict.rule]
    own = TokenReading(reading.starts_T, reading.ends_T, reading.acts_TS[:, columns])
    given = token_contributions(decision, label, own.acts_TS)
    cards = bundled_cards(classifier)
    order = np.argsort(-np.abs(given.shade_T), kind="stable")[:MOST_PANELS]
    panels = {
        int(piece): _panel(text, own, int(piece), decision, given, label, cards)
        for piece in order
        if abs(given.shade_T[piece]) >= FAINTEST
    }
    shown = shaded_text(text, own, given, panels, np.asarray(decision.fires(own.acts_TS).any(axis=1)))
    against = '<span><i class="swatch against"></i>against it</span>' if given.adds else ""
    legend = (
        f'<div class="legend"><span><i class="swatch for"></i>speaks for {escape(_named(name, label))}</span>{against}'
        "<span>underlined: a feature fires</span></div>"
    )
    rows = [
        [
            item.name,
            item.word,
            f"{item.activation:.2f}",
            f"{item.contribution:+.3f}" if given.adds else f"{item.threshold:g}",
            str(item.layer),
            str(item.feature),
        ]
        for item in verdict.evidence
    ]
    counts = f"adds for {label}" if given.adds else "fires from"
    header = ["usually on", "here on", "activation", counts, "layer", "feature"]
    table = (
        folded(f"What says most: {counted(len(rows), 'feature')}", html_table(header, rows, numbers_from=2))
        if rows
        else "<p>No feature fires.</p>"
    )
    sure = f"score {verdict.score:.2f}" + (
        f", flagged from {decision.cut:.2f}" if verdict.flagged is not None else ""
    )
    foot = f'<p class="dim">{escape(sure)}; rule {escape(verdict.rule)}; version {escape(classifier.version)}</p>'
    body = f'{legend}<div class="text" dir="auto">{shown}</div>{foot}{table}'
    return section(name, f"{name}: {_named(name, verdict.label)}", body)


def _panel(
    text: str,
    reading: TokenReading,
    piece: int,
    decision: Decision,
    given: Contributions,
    label: str,
    cards: Mapping[tuple[int, int], FeatureCard],
) -> str:
    """The panel of a token: its strongest features, the first with its card."""
    token = text[reading.starts_T[piece] : reading.ends_T[piece]].strip() or "blank"
    own_S = given.by_feature_TS[piece]
    order = [at for at in np.argsort(-np.abs(own_S), kind="stable")[:FEATURES_A_TOKEN] if own_S[at]]
    total = float(given.total_T[piece])
    said = (
        f"speaks {'for' if total >= 0 else 'against'} {label}: {total:+.2f} in all"
        if given.adds
        else f"{total:.0%} of what is needed to fire"
    )
    parts = [f'<b class="big" dir="auto">{escape(token)}</b><div class="dim">{escape(said)}</div>']
    for rank, at in enumerate(order):
        item, act = decision.features[at], float(reading.acts_TS[piece, at])
        share = (
            f"{own_S[at]:+.2f} for {label}" if given.adds else "fires" if own_S[at] >= 1 else "does not fire"
        )
        from_where = f"fires from {item.threshold:g}; " if item.threshold else ""
        parts.append(
            f'<h4 dir="auto">{escape(item.label or "no name yet")}</h4>'
            f'<div class="dim">layer {item.layer}, feature {item.index}: activation {act:.2f}, '
            f"{from_where}{share}</div>"
        )
        card = cards.get((item.layer, item.index))
        if card is not None and rank == 0:
            fires = f"fires, from {card.threshold:g}, in" if card.threshold else "is active in"
            largest = dict(sorted(card.rates.items(), key=lambda pair: -pair[1])[:SHARES_A_CARD])
            parts.append(
                f'<h4 class="dim">on the test texts it {fires}</h4>{share_bars(largest)}'
                f'<h4 class="dim">strongest activation of each</h4>'
                f"{histogram_svg(card.edges, card.counts, item.threshold)}"
            )
    return f'<aside role="tooltip">{"".join(parts)}</aside>'


def _named(name: str, label: str) -> str:
    return language_name(label) if name == LANGUAGE else label
