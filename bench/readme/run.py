"""`python -m bench readme`: writes the documents' tables from the JSON of benchmarks and recipes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scopesift_files.atomic import write_atomically

from bench.attacks import tables as attack_tables
from bench.batches import tables as batch_tables
from bench.bundled import cookbook, e5_tables, languages, nano_tables
from bench.curves import tables as curve_tables
from bench.errors import BenchError
from bench.filter import early
from bench.filter import tables as filter_tables
from bench.gpu import picture as gpu_picture
from bench.gpu import tables as gpu_tables
from bench.overlap import tables as overlap_tables
from bench.points import tables as point_tables
from bench.policy import tables as policy_tables
from bench.readme import scopes_table, speed_tables
from bench.results_file import RESULTS, stored
from bench.study import tables as study_tables
from bench.textdetox import tables as textdetox_tables

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)
TABLES: dict[str, Callable[[], str]] = {
    "e5_quality": e5_tables.quality,
    "e5_demo": e5_tables.demo,
    "e5_toxicity_languages": e5_tables.toxicity_languages,
    **cookbook.tables(),
    "e5_features": e5_tables.features,
    "task_type": e5_tables.task_type,
    "task_type_elsewhere": e5_tables.task_type_elsewhere,
    "task_type_left_out": e5_tables.task_type_left_out,
    "textdetox_first": textdetox_tables.first,
    "textdetox": textdetox_tables.by_language,
    "textdetox_without": textdetox_tables.without_labels,
    "textdetox_english": textdetox_tables.english_labels,
    "textdetox_labels": textdetox_tables.few_labels,
    "textdetox_strategies": textdetox_tables.strategies,
    "textdetox_bars": textdetox_tables.bars,
    **study_tables.stored_tables(),
    "attacks": attack_tables.attacks,
    "attack_others": attack_tables.others,
    "attack_pairs": attack_tables.pairs,
    "attack_untouched": attack_tables.untouched,
    "attack_time": attack_tables.time_line,
    "points_calibration": point_tables.calibration,
    "points_cuts": point_tables.cuts,
    "points_summary": point_tables.summary,
    **overlap_tables.stored_tables(),
    "policy": policy_tables.by_language,
    "policy_rows": policy_tables.curve,
    "toxicity": nano_tables.toxicity,
    "zero_shot": nano_tables.zero_shot,
    "labels": nano_tables.labels,
    "domain_languages": nano_tables.domain_languages,
    "e5_languages": partial(languages.stored_table, "e5"),
    "languages": partial(languages.stored_table, "nano"),
    "fidelity": nano_tables.fidelity,
    "own_labels": nano_tables.own_labels,
    "transfer": nano_tables.transfer,
    "transfer_e5": e5_tables.transfer,
    "scopes": scopes_table.scopes,
    "qwen_first_hour": scopes_table.first_hour,
    "qwen_groups": scopes_table.group_costs,
    "batch_padding": batch_tables.padding_table,
    "batch_cost": batch_tables.cost_table,
    "filter": filter_tables.throughput,
    "early_drop": early.stored_table,
    "filter_memory": filter_tables.memory,
    "filter_cost": filter_tables.filter_cost,
    "filter_faults": filter_tables.faults,
    "service": speed_tables.service,
    "service_memory": speed_tables.service_memory,
    "service_routes": speed_tables.service_routes,
    "suggestions": speed_tables.suggestions,
    "moderate": speed_tables.moderate,
    "precision": speed_tables.precision,
    "roads": speed_tables.roads,
    "verdict_roads": speed_tables.verdict_roads,
    "int8": speed_tables.int8,
    "onnx": speed_tables.onnx,
    "waiting": speed_tables.waiting,
    "container": speed_tables.container,
    "first_facts": speed_tables.first_facts,
    "load": speed_tables.load,
    "encode": speed_tables.encode,
    "encode_selected": speed_tables.encode_selected,
    "encode_jumprelu": speed_tables.encode_jumprelu,
    **curve_tables.stored_tables(),
    "steer": speed_tables.steer,
    "steer_choice": speed_tables.steer_choice,
    "encode_gpu": gpu_tables.encode,
    "encode_stages_gpu": gpu_tables.stages,
    "throughput_gpu": gpu_tables.whole_runs,
}


def run(check: bool = False) -> None:
    """Write every marked table of README.md, kernels/README.md and docs/, and the picture of the encodes on a GPU.

    Args:
        check: Change nothing; fail if a table differs from its JSON.

    Raises:
        BenchError: With `check`, a table is out of date; or a mark names an unknown table.
    """
    for page in (ROOT / "README.md", ROOT / "kernels" / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        fill(page, check)
    if not check and (RESULTS / "encode-gpu.json").is_file():
        gpu_picture.write(stored("encode-gpu"))


def fill(page: Path, check: bool = False) -> None:
    """Write the marked tables of one page; see `run`."""
    text = page.read_text(encoding="utf-8")
    made = MARK.sub(lambda found: found[1] + _table(found[2]) + "\n" + found[3], text)
    if made != text and check:
        name = page.relative_to(ROOT)
        raise BenchError(f"the tables of {name} differ from their JSON; run `python -m bench readme`")
    if made != text:
        write_atomically(page, partial(_put, made))


def _put(text: str, temporary: Path) -> None:
    temporary.write_text(text, encoding="utf-8")


def _table(name: str) -> str:
    if name not in TABLES:
        raise BenchError(f"a document asks for the table {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]()
