"""The encode benchmark's numbers as Markdown tables of ratios to the bare product of the same run."""

from __future__ import annotations

from typing import Any

Result = dict[str, Any]


def full_table(result: Result) -> str:
    """`encode_topk` and its peers: a row per shape, a column per encode."""
    rows = _shapes(result)
    names = list(dict.fromkeys(name for row in rows for name in row["ratio"]))
    lines = [
        f"| encoder, k, tokens | product | {' | '.join(names)} | wrong |",
        "|---" * (len(names) + 3) + "|",
    ]
    for row in rows:
        cells = " | ".join(f"{row['ratio'][name]:.2f}" if name in row["ratio"] else "" for name in names)
        lines.append(f"| {shape_name(row)} | {row['floor']['dtype']} | {cells} | {row['mismatches']} |")
    return "\n".join(lines)


def selected_table(result: Result) -> str:
    """`encode_selected`: a row per S, document length and floors, a column per shape."""
    rows = [row for row in _shapes(result) if row["selected"]]
    lines = [
        f"| encode_selected: S, document, floors | {' | '.join(map(_column, rows))} | wrong |",
        "|---" * (len(rows) + 2) + "|",
    ]
    for cells in zip(*(row["selected"] for row in rows), strict=True):
        asked = cells[0]
        name = f"{asked['features']}, {asked['document_tokens']} tokens, {asked['floors']}"
        ratios = " | ".join(f"{cell['ratio']:.2f}" for cell in cells)
        lines.append(f"| {name} | {ratios} | {sum(cell['mismatches'] for cell in cells)} |")
    return "\n".join(lines)


def processors_line(result: Result) -> str:
    """The processors that the rows were measured on, and what they can do."""
    found = {}
    for row in result["rows"].values():
        if "processor" in row:
            found[row["processor"]["name"]] = " ".join(row["processor"]["abilities"]) or "abilities unknown"
    return "; ".join(f"{name}: {abilities}" for name, abilities in sorted(found.items()))


def memory_line(result: Result) -> str:
    """Memory of the widest encode beyond its inputs and outputs."""
    memory = result["rows"].get("memory")
    if memory is None or memory["extra_mib"] is None:
        return "Extra memory of `encode_topk`: not measured."
    return (
        f"Extra memory of `encode_topk` beyond inputs and outputs, {shape_name(memory)}: "
        f"{memory['extra_mib']:.0f} MiB."
    )


def _shapes(result: Result) -> list[Result]:
    rows = [row for row in result["rows"].values() if "ratio" in row]
    keys = ("d_model", "n_features", "k", "tokens")
    return sorted(rows, key=lambda row: (*(row[key] for key in keys), row["floor"]["dtype"]))


def _column(row: Result) -> str:
    return f"{shape_name(row)} {row['floor']['dtype']}"


def shape_name(row: Result) -> str:
    """Sizes of an encode as the tables show them."""
    return f"{row['d_model']}x{row['n_features']} k{row['k']} T{row['tokens']}"
