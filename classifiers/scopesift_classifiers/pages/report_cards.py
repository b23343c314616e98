"""Feature cards as HTML, with the strongest examples from the user's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from scopesift_features.reading.per_token import TokenReading, read_tokens
from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import DEFAULT, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LINEAR, firing
from scopesift_classifiers.measuring.assessment import Assessment
from scopesift_classifiers.measuring.feature_cards import FeatureCard, make_cards
from scopesift_classifiers.pages.page import folded
from scopesift_classifiers.pages.plots import histogram_svg, share_bars
from scopesift_classifiers.pages.report_words import language_name

EXAMPLES = 4
AROUND = 110  # characters kept on either side of the strongest token
MOST_CARDS = 24  # of a short rule
CARDS_A_LABEL = 4

Place = tuple[int, int]


@dataclass(frozen=True)
class Example:
    """A text that fires a feature strongly.

    Attributes:
        html: The text around its strongest token, with firing tokens marked.
        label: Its label in the data.
        activation: The feature's largest activation in it.
    """

    html: str
    label: str
    activation: float


def features_section(found: Assessment) -> str:
    """Cards of the most important features, with examples from the assessed data."""
    classifier = found.classifier
    made = make_cards(classifier, found.scope, found.sample, reading=found.reading)
    cards = {(card.layer, card.feature): card for card in made}
    groups = telling_features(classifier, cards)
    wanted = sorted({place for places in groups.values() for place in places})
    examples = strongest_examples(found, [cards[place] for place in wanted])
    parts = []
    for at, (title, places) in enumerate(groups.items()):
        shown = "".join(card_html(cards[place], examples.get(place, ())) for place in places)
        body = f'<div class="cards">{shown}</div>'
        words = f"{title} · {counted(len(places), 'card')}"
        parts.append(body if len(groups) == 1 else folded(words, body, opened=at == 0))
    left = len(cards) - len(wanted)
    sampled = len(found.sample)
    some = f" Counted on an even sample of {counted(sampled, 'text')}." if sampled < len(found.data) else ""
    more = f'<p class="dim">Not shown: {counted(left, "more feature")} with less to say.</p>' if left else ""
    return (
        f"<p>{_how_it_decides(classifier)}</p><p>The tokens shown are the ones where a feature was strongest; some are "
        f"offensive, as the texts are.{some}</p>"
        f"{''.join(parts)}{more}"
        "<p class=dim>The name of a card is the feature's <code>label</code> in the classifier's JSON file, seeded "
        "from its top tokens. Write a better one there: names change neither verdicts nor the classifier's version.</p>"
    )


def telling_features(classifier: Classifier, cards: Mapping[Place, FeatureCard]) -> dict[str, list[Place]]:
    """Cards to show by title: all of a short rule, the most important ones of a label."""
    groups: dict[str, list[Place]] = {}
    for name, decision in classifier.decisions.items():
        for label in decision.rules:
            title = f"for {label}" if len(decision.rules) > 1 else "default rule"
            if name != DEFAULT:
                title = f"rule for {language_name(name)}" if len(decision.rules) == 1 else f"{name}: {title}"
            groups[title] = _most_telling(decision, label, cards)
    return {title: places for title, places in groups.items() if places}


def strongest_examples(found: Assessment, cards: Sequence[FeatureCard]) -> dict[Place, tuple[Example, ...]]:
    """The texts with each feature's largest activations, without duplicates."""
    column_of = {place: column for column, place in enumerate(found.classifier.features)}
    rows_of: dict[Place, list[int]] = {}
    for card in cards:
        acts_N = found.reading.acts_NS[:, column_of[card.layer, card.feature]]
        fires_N, chosen = firing(acts_N, card.threshold), dict[str, int]()
        for row in np.argsort(-acts_N, kind="stable")[: 4 * EXAMPLES].tolist():
            if fires_N[row] and len(chosen) < EXAMPLES:
                chosen.setdefault(found.sample.texts[row].strip().lower(), row)
        rows_of[card.layer, card.feature] = list(chosen.values())
    rows = sorted({row for chosen in rows_of.values() for row in chosen})
    places = list(rows_of)
    texts = [found.sample.texts[row] for row in rows]
    from scopesift_features.reading.torch_reader import TorchReader

    readings = read_tokens(TorchReader(found.scope, found.scope.selected(places)), texts)
    reading_of = dict(zip(rows, readings, strict=True))
    return {
        place: tuple(_example(found, row, reading_of[row], at, threshold) for row in rows_of[place])
        for at, (place, threshold) in enumerate(zip(places, (card.threshold for card in cards), strict=True))
    }


def card_html(card: FeatureCard, examples: Sequence[Example] = ()) -> str:
    """One card."""
    tokens = "".join(
        f'<span class="chip"><bdi>{escape(token)}</bdi> <small>{share:.0%}</small></span>'
        for token, share in card.tokens
    )
    quotes = "".join(
        f'<div class="quote" dir="auto">{item.html}</div><div class="dim">labelled {escape(item.label)}, activation '
        f"{item.activation:.1f}</div>"
        for item in examples
    )
    languages = {language_name(code): share for code, share in card.by_lang.items()}
    parts = [
        f'<article class="card"><h3 dir="auto">{escape(card.label or "no name yet")}</h3>'
        f'<p class="dim">layer {card.layer}, feature {card.feature}</p>',
        "<h4>Fires in this share of the texts</h4>",
        share_bars(card.rates) or '<p class="dim">none of them</p>',
    ]
    if languages and set(card.by_lang) != set(card.rates) and len(languages) > 1:
        parts.append(folded("by language", share_bars(languages)))
    parts.append("<h4>Strongest activation of each text</h4>")
    parts.append(histogram_svg(card.edges, card.counts, card.threshold))
    if tokens:
        parts.append(f'<h4>Strongest on</h4><div class="chips" dir="auto">{tokens}</div>')
    if quotes:
        parts.append(folded(counted(len(examples), "strongest text"), quotes))
    return f"{''.join(parts)}</article>"


def marked_around(text: str, reading: TokenReading, column: int, threshold: float) -> str:
    """The part of a text near its strongest token as HTML, with the tokens that activate a feature marked."""
    acts_T = reading.acts_TS[:, column]
    top = int(acts_T.argmax())
    begin = max(int(reading.starts_T[top]) - AROUND, 0)
    end = min(int(reading.ends_T[top]) + AROUND, len(text))
    strongest = max(float(acts_T[top]), 1e-6)
    out, at = ["…" if begin else ""], begin
    for piece in np.flatnonzero(firing(acts_T, threshold)):
        start, stop = int(reading.starts_T[piece]), int(reading.ends_T[piece])
        if start < at or stop > end:
            continue
        out.append(escape(text[at:start]))
        out.append(f'<mark style="--w:{acts_T[piece] / strongest:.2f}">{escape(text[start:stop])}</mark>')
        at = stop
    return "".join([*out, escape(text[at:end]), "…" if end < len(text) else ""])


def _example(found: Assessment, row: int, reading: TokenReading, column: int, threshold: float) -> Example:
    html = marked_around(found.sample.texts[row], reading, column, threshold)
    return Example(html, found.sample.labels[row], float(reading.acts_TS[:, column].max()))


def _most_telling(decision: Decision, label: str, cards: Mapping[Place, FeatureCard]) -> list[Place]:
    """Features by influence on a label: weight times difference of firing rates; all of a short rule."""
    places, rule = decision.feature_ids, decision.rules[label]
    if not rule.adds:
        return places[:MOST_CARDS]
    weights = rule.weights_S
    if len(decision.rules) == 1:
        moved = np.abs(weights) * [max(cards[place].rates.values(), default=0.0) for place in places]
        order = np.argsort(-moved, kind="stable")[:MOST_CARDS]
        return [places[at] for at in order]
    gains = np.zeros(len(places))
    for at, place in enumerate(places):
        rates = cards[place].rates
        others = [share for name, share in rates.items() if name != label]
        # features against a label don't describe it, though their absence may be important
        gains[at] = max(weights[at], 0.0) * (
            rates.get(label, 0.0) - sum(others) / max(len(decision.rules) - 1, 1)
        )
    order = np.argsort(-gains, kind="stable")[:CARDS_A_LABEL]
    return [places[at] for at in order if gains[at] > 0]


def _how_it_decides(classifier: Classifier) -> str:
    decision = classifier.default
    n, label = len(decision.features), next(iter(decision.rules))
    rule = decision.rules[label]
    whom = "some labels and against others" if len(decision.rules) > 1 else f"or against {escape(label)}"
    vote = f"{counted(n, 'feature')} {'votes' if n == 1 else 'vote'}"
    if rule.combine == LINEAR:
        return f"{vote}: each adds its weight times the square root of its activation, for {whom}."
    line = "A feature fires when its activation reaches the line in its histogram."
    if rule.adds:
        return f"{vote}: each that fires adds its weight, for {whom}. {line}"
    which = (
        "it fires" if n == 1 else "any of them fires" if rule.m == 1 else f"at least {rule.m} of them fire"
    )
    plural = "feature decides" if n == 1 else "features decide"
    return f"{n} {plural}: a text is called {escape(label)} when {which} strongly enough. {line}"
