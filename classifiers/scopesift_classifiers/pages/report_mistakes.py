"""Where the classifier is wrong: the confusion matrix, and the wrong texts with the surest mistakes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import BINARY, LANGUAGE
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.judging.whole_word import whole_word
from scopesift_classifiers.measuring.assessment import Assessment
from scopesift_classifiers.pages.page import folded, html_table
from scopesift_classifiers.pages.report_words import language_name

SHOWN, MOST_SHOWN = 10, 50
"""Texts of each kind of mistake, and with those that are folded."""
CONFUSIONS = 8
MANY = 12
"""With more labels the matrix has small cells."""
LONGEST, BEFORE = 420, 160
"""Characters shown of a text, and before the first word of its evidence in a longer one."""


def confusion_section(found: Assessment) -> str:
    """How many texts of each label were called what; the stronger its colour, the larger a cell's share of its row."""
    truth, given = found.data.labels, found.predicted
    count = Counter(zip(truth, given, strict=True))
    order = [label for label in found.classifier.labels if label in {*truth, *given}]
    order += sorted({*truth, *given} - set(order))
    rows = [label for label in order if label in set(truth)]
    columns = [label for label in order if label in set(given)]
    totals = Counter(truth)
    many = " many" if len(columns) > MANY else ""
    head = "".join(f"<th scope=col>{escape(label)}</th>" for label in columns)
    body = "".join(
        f"<tr><th scope=row>{escape(_named(found, row))}</th>"
        + "".join(_cell(count[row, column], totals[row], right=row == column) for column in columns)
        + f'<td class="n sum">{totals[row]:,}</td></tr>'
        for row in rows
    )
    return (
        f'<div class="wide"><table class="heat confusion{many}"><caption>rows: the label; columns: what it was called'
        f"</caption><thead><tr><td></td>{head}<th scope=col>texts</th></tr></thead><tbody>{body}</tbody></table></div>"
        '<p class="dim">Blue is right, red is wrong; the stronger, the larger the share of its row.</p>'
        f"{_most_frequent(found) if len(rows) > 2 else ''}"
    )


def _most_frequent(found: Assessment) -> str:
    pairs = zip(found.data.labels, found.predicted, strict=True)
    wrong = Counter((truth, given) for truth, given in pairs if truth != given)
    rows = [
        [_named(found, truth), _named(found, given), f"{count:,}"]
        for (truth, given), count in wrong.most_common(CONFUSIONS)
    ]
    table = html_table(["is", "was called", "texts"], rows, numbers_from=2) if rows else "<p>None.</p>"
    return f"<h3>Most frequent mistakes</h3>{table}"


def mistakes_section(found: Assessment) -> str:
    """The wrong verdicts, the surest first, with the words that they rest on."""
    wrong = [
        row
        for row, (truth, verdict) in enumerate(zip(found.data.labels, found.verdicts, strict=True))
        if truth != verdict.label
    ]
    if not wrong:
        return "<p>None: every text got its label.</p>"
    kinds = _two_kinds(found, wrong) if found.classifier.kind == BINARY else _one_kind(found, wrong)
    lists = [
        folded(f"{title}: {counted(len(rows), 'text')}", _items(found, rows), opened=at == 0)
        for at, (title, rows) in enumerate((title, rows) for title, rows in kinds if rows)
    ]
    return (
        f"<p>{counted(len(wrong), 'text')} of {len(found.data):,} got another label than in the data. The surest "
        "mistakes stand first; read some: often the label is what is wrong. Marked: the words that spoke for what it "
        f"was taken for.</p>{''.join(lists)}"
    )


def _two_kinds(found: Assessment, wrong: Sequence[int]) -> list[tuple[str, list[int]]]:
    positive, scores = found.classifier.labels[0], found.scores
    false_alarms = [row for row in wrong if found.verdicts[row].label == positive]
    missed = [row for row in wrong if found.verdicts[row].label != positive]
    return [
        (
            f"Wrongly called {positive}, highest score first",
            sorted(false_alarms, key=lambda row: -scores[row]),
        ),
        (f"Missed {positive}, lowest score first", sorted(missed, key=lambda row: scores[row])),
    ]


def _one_kind(found: Assessment, wrong: Sequence[int]) -> list[tuple[str, list[int]]]:
    unknown = found.classifier.unknown
    called = [row for row in wrong if found.verdicts[row].label != unknown]
    left = [row for row in wrong if found.verdicts[row].label == unknown]
    return [
        ("Called something else, highest score first", sorted(called, key=lambda row: -found.scores[row])),
        (f"Given no label ({unknown})", sorted(left, key=lambda row: -found.verdicts[row].top_labels[0][1])),
    ]


def _items(found: Assessment, rows: Sequence[int]) -> str:
    first, more = rows[:SHOWN], rows[SHOWN:MOST_SHOWN]
    shown = "".join(_item(found, row) for row in first)
    if more:
        shown += folded(f"the next {len(more)}", "".join(_item(found, row) for row in more))
    left = len(rows) - MOST_SHOWN
    return shown + (f'<p class="dim">and {counted(left, "more text")}, less sure</p>' if left > 0 else "")


def _item(found: Assessment, row: int) -> str:
    verdict, data = found.verdicts[row], found.data
    said = (
        f"called {_named(found, verdict.label)}" if verdict.flagged is None else f"score {verdict.score:.2f}"
    )
    if verdict.flagged is None:
        said += f" ({verdict.top_labels[0][0]} {verdict.top_labels[0][1]:.2f})"
    about = [said, f"labelled {_named(found, data.labels[row])}"]
    about += [str(one) for one in (data.langs[row], data.sources[row]) if one]
    if verdict.rule in found.classifier.by_lang:
        about.append(f"rule {verdict.rule}")
    return (
        f'<div class="quote" dir="auto">{marked_words(data.texts[row], verdict)}</div>'
        f'<div class="dim">{escape("; ".join(dict.fromkeys(about)))}</div>'
    )


def marked_words(text: str, verdict: Verdict) -> str:
    """The text as HTML, cut around its evidence if it is long, with the words of the evidence marked."""
    strongest = max((item.contribution for item in verdict.evidence), default=1.0) or 1.0
    places = {
        whole_word(text, item.start, item.end): item.contribution / strongest
        for item in reversed(verdict.evidence)
    }
    begin = 0
    if len(text) > LONGEST and places:
        begin = max(0, min(start for start, _ in places) - BEFORE)
    end = min(len(text), begin + LONGEST)
    out, at = ["…" if begin else ""], begin
    for (start, stop), weight in sorted(places.items()):
        if start < at or stop > end:
            continue
        out.append(escape(text[at:start]))
        out.append(f'<mark style="--w:{weight:.2f}">{escape(text[start:stop])}</mark>')
        at = stop
    return "".join([*out, escape(text[at:end]), "…" if end < len(text) else ""])


def _cell(count: int, total: int, *, right: bool) -> str:
    if not count:
        return "<td></td>"
    share = count / total
    hue = "var(--against)" if right else "var(--for)"
    shade = f"rgb({hue} / {0.08 + 0.42 * share:.2f})"
    return f'<td style="background:{shade}" title="{share:.1%} of the row">{count:,}</td>'


def _named(found: Assessment, label: str) -> str:
    return language_name(label) if found.classifier.name == LANGUAGE else label
