"""Tables of speed and memory, from bench/results/."""

from __future__ import annotations

import statistics
from typing import Any

from bench.encode import abilities
from bench.encode import tables as encode_tables
from bench.markdown import markdown
from bench.results_file import RESULTS, stored

LARGEST = 6
"""Packages that are named."""


def waiting() -> str:
    """Latency of `classify`, including start-up."""
    content = stored("classify-cpu")
    rows = [[name, f"{statistics.median(times):.1f} s"] for name, times in content["seconds"].items()]
    return markdown(
        ["`scopesift classify`, start to answer", f"median of {content['runs']} ({_where(content)})"], rows
    )


def first_facts() -> str:
    """What it takes, in one line: size, and how long one and a thousand texts take."""
    megabytes, waits = stored("install-size-cpu")["megabytes"], stored("classify-cpu")
    bare, service = (sum(megabytes[kind].values()) for kind in ("bare", "service"))
    one, many = (statistics.median(waits["seconds"][name]) for name in ("one sentence", "1000 short texts"))
    return (
        f"Python 3.11 or newer; {bare:.0f} MB with the model in it, {service:.0f} MB with the "
        f"service. From the command line one sentence "
        f"takes {one:.1f} s and 1,000 short texts {many:.1f} s, on {waits['cores']} CPU cores. Apache 2.0."
    )


def container() -> str:
    """What the service's image holds on top of its base image, from the list of installed files."""
    content = stored("install-size-cpu")
    parts = content["megabytes"]["service"]
    largest = sorted(parts, key=lambda part: -parts[part])[:LARGEST]
    rest = sum(size for part, size in parts.items() if part not in largest)
    rows = [[part, f"{parts[part]:.0f}"] for part in largest] + [["all others", f"{rest:.0f}"]]
    return markdown(
        ["in the service's image", "MB"], [*rows, ["**together**", f"**{sum(parts.values()):.0f}**"]]
    )


def load() -> str:
    """Memory and load time saved by cutting the backbone."""
    content = stored("load-cpu")
    rows = [
        [
            row["cut"],
            f"{row['peak_mib']:,}",
            f"{row['peak_share']:.2f}",
            f"{row['load_s']:.1f}",
            f"{row['load_share']:.2f}",
            f"{row['tokens_per_s']:.0f}",
        ]
        for row in content["rows"]
    ]
    header = ["cut after block", "peak memory, MiB", "of uncut", "load, s", "of uncut", "tokens/s"]
    return markdown(header, rows) + f"\n\n{content['model']}; {_where(content)}."


def encode() -> str:
    """`encode_topk` beside its peers, as ratios to the bare product, by what CPUs multiply bfloat16 with."""
    data = "independent standard normal pre-activations, bfloat16 inputs"
    return "\n\n".join([*map(_encodes, _encode_results()), f"Data: {data}."])


def encode_selected() -> str:
    """`encode_selected` by features, document length and floors, by what CPUs multiply bfloat16 with."""
    return "\n\n".join(
        f"With {abilities.UNITS[unit][1]}:\n\n{_measured(encode_tables.selected_table(content), content)}"
        for unit, content in _encode_results()
    )


def _encode_results() -> list[tuple[str, dict[str, Any]]]:
    """The measured units and their results."""
    names = {unit: f"encode-{unit}-cpu" for unit in abilities.UNITS}
    return [(unit, stored(name)) for unit, name in names.items() if (RESULTS / f"{name}.json").is_file()]


def _encodes(measured: tuple[str, dict[str, Any]]) -> str:
    unit, content = measured
    parts = [f"With {abilities.UNITS[unit][1]}:", encode_tables.full_table(content)]
    if "memory" in content["rows"]:
        parts.append(encode_tables.memory_line(content))
    processors = encode_tables.processors_line(content)
    return "\n\n".join([*parts, f"{_where(content)}, torch {content['versions']['torch']}; {processors}."])


def encode_jumprelu() -> str:
    """The JumpReLU encodes beside the bare product."""
    from bench.encode.jumprelu import table

    content = stored("encode-jumprelu-cpu")
    return _measured(table(content), content)


def steer() -> str:
    """Traits boosted and suppressed on smollm2."""
    from bench.steer.run import table

    content = stored("steer-cpu")
    return _measured(table(content), content)


def steer_choice() -> str:
    """What was tried before on other prompts."""
    from bench.steer.run import choice_table

    return choice_table(stored("steer-cpu"))


def service() -> str:
    """Latency and throughput of the service beside the engine alone."""
    from bench.service.table import table

    content = stored("service-cpu")
    return _measured(table(content), content)


def service_memory() -> str:
    """Memory of the service's processes."""
    from bench.service.memory import table

    return table(stored("service-memory-cpu"))


def service_routes() -> str:
    """Latency of the routes that classify, beside /v1/classify."""
    from bench.service.routes import table

    content = stored("service-routes-cpu")
    return _measured(table(content), content)


def moderate() -> str:
    """Sorting and filtering on the moderator's page, and its memory."""
    from bench.browser.moderate import table

    content = stored("moderate-cpu")
    return _measured(table(content), content)


def suggestions() -> str:
    """A year of moderators' decisions, and kill -9 while they come."""
    from bench.service.suggestions import table

    content = stored("suggestions-cpu")
    return _measured(table(content), content)


def roads() -> str:
    """Torch and ONNX Runtime on the same windows."""
    from bench.roads.speed import table

    content = stored("roads-cpu")
    return _measured(table(content), content)


def int8() -> str:
    """Classifiers fitted on e5 in int8 beside the bundled ones."""
    from bench.roads.int8 import table

    return table(stored("int8-cpu"))


def verdict_roads() -> str:
    """Verdicts read by torch and by ONNX Runtime."""
    from bench.roads.verdicts import table

    return table(stored("verdict-roads-cpu"))


def precision() -> str:
    """Verdicts that a bfloat16 backbone changes."""
    from bench.bundled.precision import table

    content = stored("precision-cpu")
    return _measured(table(content), content)


def onnx() -> str:
    """ONNX Runtime beside torch: verdicts and speed."""
    from bench.onnx.run import tables

    content = stored("onnx-cpu")
    return _measured("\n\n".join(tables(content)), content)


def _measured(text: str, content: dict[str, Any]) -> str:
    return f"{text}\n\nMeasured on {_where(content)}."


def _where(content: dict[str, Any]) -> str:
    return f"{content['cores']} cores of {content['device']}, {content['date']}"
