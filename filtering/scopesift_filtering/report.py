"""report.html: kept, dropped and rejected rows with reasons, and samples."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from scopesift_classifiers.pages.page import html_table, section, write_page
from scopesift_files.counted import counted
from scopesift_files.row_readers.row import REASONS

from scopesift_filtering.run_plan import RunPlan
from scopesift_filtering.tally import Tally

STYLE = """
.bar{display:inline-block;height:.7em;background:#3b6ea8;border-radius:2px;vertical-align:baseline}
.row{border-left:3px solid #8884;padding:.1em .7em;margin:.5em 0;overflow-wrap:anywhere}
.row small{opacity:.75}
"""
SAYS = {name: says for name, (says, _) in REASONS.items()} | {
    "condition_failed": "the condition cannot be evaluated for the row"
}
MOST_BAR = 12  # em


def write_run_report(plan: RunPlan, tally: Tally) -> None:
    """Write the report beside the manifest: one self-contained file without scripts."""
    counts = tally.counts
    parts = [
        section("rows", "Rows", _rows(tally)),
        section("reasons", "Why rows were dropped", _reasons(tally)),
    ]
    if tally.rejected:
        told = {
            f"{name}: {SAYS.get(name, '')}": count for name, count in counts["reason of rejected"].items()
        }
        parts.append(section("rejected", "Why rows were rejected", _bars(told, "reason")))
    for table, numbers in sorted(counts.items()):
        kind, _, name = table.partition(" of ")
        if kind == "label":
            parts.append(section(f"label-{name}", f"{name}: labels", _bars(numbers, "label")))
        elif kind == "score":
            in_order = dict(sorted(numbers.items()))
            parts.append(section(f"score-{name}", f"{name}: scores", _bars(in_order, "from", by_count=False)))
    for kind in ("kept", "dropped"):
        if tally.samples.get(kind):
            parts.append(section(f"sample-{kind}", f"First rows {kind}", _samples(tally, kind)))
    condition = plan.settings.where or "every row that can be read"
    lead = (
        f"{counted(tally.rows, 'row')} in: {tally.kept:,} kept, {tally.dropped:,} dropped, {tally.rejected:,} rejected."
        f" Condition: {condition}"
    )
    about = (
        f"scope {plan.engine.scope.id}; "
        + ", ".join(f"{name} {version}" for name, version in plan.engine.versions.items())
        + f"; input files: {len(plan.files):,}; run {plan.record.digest[:12]}"
    )
    body = f'<p class="dim">{escape(about)}</p><p class="lead">{escape(lead)}</p>' + "".join(parts)
    write_page(plan.out / "report.html", "Filter report", body, style=STYLE)


def _rows(tally: Tally) -> str:
    shown = {"kept": tally.kept, "dropped": tally.dropped, "rejected": tally.rejected, "in": tally.rows}
    rows = [[name, f"{count:,}", f"{count / max(tally.rows, 1):.1%}"] for name, count in shown.items()]
    pace = (
        f"{counted(tally.tokens, 'token')} in {counted(tally.shards, 'shard')}. This process: {tally.seconds:,.0f} s, "
        f"{tally.docs_per_s:,.0f} rows/s, {tally.tokens_per_s:,.0f} tokens/s."
    )
    return html_table(["", "rows", "share"], rows, numbers_from=1) + f"<p>{escape(pace)}</p>"


def _reasons(tally: Tally) -> str:
    why = _bars(tally.counts.get("reason of dropped", {}), "does not hold", of=tally.dropped)
    return why + "<p>Shares of the rows dropped; a row can be dropped for several reasons.</p>"


def _bars(numbers: Mapping[str, int], title: str, *, by_count: bool = True, of: int | None = None) -> str:
    """A table with bars; shares are relative to `of`, by default to the sum."""
    if not numbers:
        return "<p>None.</p>"
    items = sorted(numbers.items(), key=lambda item: (-item[1], item[0])) if by_count else numbers.items()
    total, most = of or sum(numbers.values()), max(numbers.values())
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td class=n>{count:,}</td><td class=n>{count / total:.1%}</td>"
        f'<td><span class="bar" style="width:{MOST_BAR * count / most:.2f}em"></span></td></tr>'
        for name, count in items
    )
    head = f"<th>{escape(title)}</th><th class=n>rows</th><th class=n>share</th><th></th>"
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _samples(tally: Tally, kind: str) -> str:
    shown = []
    for _, row in tally.samples[kind]:
        why = "; ".join(row.get("reasons", []))
        shown.append(
            f'<div class="row">{escape(row["text"])}'
            + (f"<br><small>not: {escape(why)}</small>" if why else "")
            + "</div>"
        )
    return "".join(shown)
