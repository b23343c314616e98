"""Section 5 of the Qwen-Scope report on the same data set, beside what the report says."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.markdown import markdown, three
from bench.study.cells import Study
from bench.study.losses import published_rows
from bench.textdetox.cells import ALL, LANGUAGES, SOURCE, NotMeasuredError, shown

REPORT = "Qwen-Scope report, arXiv 2605.11887, section 5"
LARGER_K = ("1", "2", "5", "10")
MISSING = "Not measured yet: `python -m bench study --data DATA`."


OF_THE_REPORT: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    (
        "the report's rule and protocol: layer and K by F1 *on the test rows*",
        lambda one: three(one["report"]["f1"]),
    ),
    ("its layer, K", lambda one: f"{one['report']['layer']}, {one['report']['k']}"),
    (
        "one feature of each of m layers, m by test F1",
        lambda one: three(one["multi_layer"]["report"]["f1"]),
    ),
    ("the same rule, layer and K chosen on dev rows", lambda one: three(one["ours"]["f1"])),
    ("the same, balanced accuracy", lambda one: three(one["ours"]["balanced_accuracy"])),
    (
        "a tenth of the rows, the report's protocol",
        lambda one: three(statistics.fmean(one["tenth"]["report"])),
    ),
    ("English's features, the report's protocol", lambda one: three(one["from_en"]["report"]["f1"])),
    ("the same, balanced accuracy", lambda one: three(one["from_en"]["report"]["balanced_accuracy"])),
    ("flagging everything", lambda one: three(one["always_toxic"]["f1"])),
)
"""Rows of the table: what a row is, and its cell from a language of the reproduction."""


def by_language(study: Study) -> str:
    """The report's rule by language, in its protocol and in ours, beside `linear`, Perspective and the LLMs."""
    try:
        found = study.reproduction["languages"]
    except NotMeasuredError:
        return MISSING
    rows = [[says, *(value(found[lang]) for lang in LANGUAGES)] for says, value in OF_THE_REPORT]
    linear = [shown(partial(study.labels.value, lang, ALL, "linear", "f1")) for lang in LANGUAGES]
    rows.append(["**scopesift `linear`**, all labels", *linear])
    rows += published_rows(study)
    sizes = found[SOURCE]["rows"]
    note = (
        f"{sizes['discovery']:,} discovery, {sizes['dev']} dev and {sizes['test']} test rows in English (the report: "
        f"4,000 and 1,000). † published: {study.labels.source}."
    )
    return markdown(["F1, test", *LANGUAGES], rows) + f"\n\n{note}"


def statements(study: Study) -> str:
    """What the report says in words, and what is measured here."""
    try:
        found = study.reproduction
    except NotMeasuredError:
        return MISSING
    langs, macro = found["languages"], found["macro"]
    kept, by_chance = macro["report_kept_at_tenth"], macro["always_toxic_f1"] / macro["report_f1"]
    by_k = {k: statistics.fmean(one["report_by_k"][k]["f1"] for one in langs.values()) for k in LARGER_K}
    others = {
        lang: one["from_en"]["report"]["balanced_accuracy"] for lang, one in langs.items() if lang != SOURCE
    }
    order = sorted(others, key=lambda lang: -others[lang])
    rows = [
        ["best F1 in English", "above .90 (Qwen3-1.7B and 8B)", three(langs[SOURCE]["report"]["f1"])],
        [
            "10% of the discovery rows keep of the mean best F1",
            "about 99%",
            f"{kept:.1%}; flagging everything: {by_chance:.1%}",
        ],
        [
            "more features a rule",
            "“limited additional benefit”",
            ", ".join(f"K = {k}: {three(value)}" for k, value in by_k.items()),
        ],
        [
            "English's features in other languages",
            "strong in ru and fr, hard in ar and zh, worst in am",
            "balanced accuracy " + ", ".join(f"{lang} {three(others[lang])}" for lang in order),
        ],
    ]
    return markdown(["statement", f"report ({REPORT})", "here"], rows)
