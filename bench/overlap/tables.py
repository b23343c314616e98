"""Tables of the overlap result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bench.markdown import markdown, three
from bench.results_file import stored

POOLS = {"document": "any token", "last": "last token"}


def by_pair(scope: str) -> str:
    """Every pair at the default shares, beside the halves of both."""
    return _by_pair(stored("overlap-cpu"), scope)


def by_share(scope: str) -> str:
    """Overlap against the minimum share."""
    return _by_share(stored("overlap-cpu"), scope)


def everything(result: dict[str, Any], scope: str) -> str:
    """All tables, for the terminal."""
    return f"{_by_pair(result, scope)}\n\n{_by_share(result, scope)}"


def stored_tables() -> dict[str, Callable[[], str]]:
    """The tables of docs/overlap.md by the names of their marks."""
    return {
        f"overlap_{scope}{suffix}": partial(table, scope)
        for scope in ("e5", "smollm2")
        for suffix, table in (("", by_pair), ("_shares", by_share))
    }


def _by_pair(result: dict[str, Any], scope: str) -> str:
    header = [
        "active on",
        "A",
        "B",
        "rows",
        "A uses",
        "B uses",
        "Jaccard",
        "A in B (chance)",
        "B in A (chance)",
    ]
    header += ["halves of A", "halves of B"]
    rows = []
    for measured in _of_scope(result, scope):
        at_share = measured["shares"][f"{measured['min_share']:g}"]
        for pair in at_share["pairs"]:
            names, both = (pair["a"], pair["b"]), pair["all"]
            counts = list(dict.fromkeys(f"{measured['rows'][name]:,}" for name in names))
            rows.append(
                [
                    f"{POOLS[measured['pool']]}, share {measured['min_share']:g}",
                    *names,
                    " / ".join(counts),
                    f"{both['size_a']:,}",
                    f"{both['size_b']:,}",
                    three(both["jaccard"]),
                    f"**{three(both['a_in_b'])}** ({three(both['a_in_b_by_chance'])})",
                    f"**{three(both['b_in_a'])}** ({three(both['b_in_a_by_chance'])})",
                    *(three(at_share["halves"][name]["contained"]) for name in names),
                ]
            )
    return markdown(header, rows)


def _by_share(result: dict[str, Any], scope: str) -> str:
    """A in B for two pairs, drawn rows."""
    header = [
        "active on",
        "minimum share",
        "A uses of all features",
        "halves of A",
        "A in GSM8K test (chance)",
    ]
    header += [
        "A in HumanEval (chance)",
        "HumanEval in A (chance)",
        "of A and HumanEval in English prose too (chance)",
    ]
    rows = []
    for measured in _of_scope(result, scope):
        if len(set(measured["rows"].values())) > 1:
            continue
        for share, at_share in measured["shares"].items():
            _, test, code, _ = (pair["all"] for pair in at_share["pairs"])
            prose = at_share.get("shared_in_prose")
            halves = next(iter(at_share["halves"].values()))
            rows.append(
                [
                    POOLS[measured["pool"]],
                    share,
                    f"{test['size_a'] / measured['features']:.0%}",
                    three(halves["contained"]),
                    f"{three(test['a_in_b'])} ({three(test['a_in_b_by_chance'])})",
                    f"{three(code['a_in_b'])} ({three(code['a_in_b_by_chance'])})",
                    f"{three(code['b_in_a'])} ({three(code['b_in_a_by_chance'])})",
                    f"{three(prose['share'])} ({three(prose['by_chance'])})" if prose else "",
                ]
            )
    return markdown(header, rows)


def _of_scope(result: dict[str, Any], scope: str) -> list[dict[str, Any]]:
    return [measured for measured in result["rows"].values() if measured["scope"] == scope]
