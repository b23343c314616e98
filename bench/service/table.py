"""The table of `python -m bench service`."""

from __future__ import annotations

from typing import Any

from bench.markdown import markdown


def table(result: dict[str, Any]) -> str:
    """Latency and throughput, and the goals."""
    offline, overload = result["offline"], result["overload"]
    rows = [["offline engine", f"{offline['texts_per_second']:.0f}", _ms(offline["single_seconds"]), ""]]
    for name, server in result["servers"].items():
        rows.append(_row(f"service on {name}, one call at a time", server["idle"]))
        rows.append(_row(f"service on {name}, saturated", server["closed"]))
    rows += [_row(f"open load, {name}", item) for name, item in result["open"].items()]
    said = ", ".join(f"{count} x {status}" for status, count in sorted(overload["statuses"].items()))
    rows.append(_row(f"overload, {overload['times_capacity']}x capacity ({said})", overload))
    rows.append(_row("one at a time, afterwards", result["idle_after_overload"]))
    bars = result["bars"]
    measured = "; ".join(
        f"on {name} {server['share_of_offline']:.1%} of the offline rate and {server['added_ms']:+.1f} ms"
        for name, server in result["servers"].items()
    )
    return (
        markdown(["", "texts/s", "median ms", "p99 ms"], rows)
        + f"\n\nMedians of {len(result['rounds'])} rounds, saturated and idle over the engine: {measured} "
        f"(aims: {bars['share_of_offline']:.0%} and {bars['added_ms']:.0f} ms). Open load, overload and afterwards: on "
        f"one core. {result['pinned'][0].upper()}{result['pinned'][1:]}."
    )


def _row(name: str, item: dict[str, Any]) -> list[str]:
    return [name, f"{item['texts_per_second']:.0f}", _ms(item["median_seconds"]), _ms(item["p99_seconds"])]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"
