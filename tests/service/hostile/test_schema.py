"""Schemathesis on the service's own OpenAPI document.

CI makes a few hundred cases. For 2,000 and more:
`SCHEMA_EXAMPLES=200 python -m pytest tests/service/hostile/test_schema.py -s`
"""

import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

schemathesis = pytest.importorskip("schemathesis")
# now and not at the first use: CPython 3.11 cannot parse in two threads at once, and earlier tests leave some behind
pytest.importorskip("schemathesis.specs.openapi.adapter")
NAMES = ["not_a_server_error", "status_code_conformance", "content_type_conformance"]
NAMES += ["response_headers_conformance", "response_schema_conformance"]
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "15"))


def ask_cases(operation, mode, seen, checks):
    """Ask cases of one operation; every answer is checked against the document."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        reply = case.call(timeout=120)
        seen[reply.status_code] += 1
        case.validate_response(reply, checks=checks)

    ask()


@pytest.mark.timeout(300 + 20 * EXAMPLES)
def test_no_answer_is_a_5xx_or_undocumented(server):
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    checks = schemathesis.checks.CHECKS.get_by_names(
        NAMES
    )  # those of OpenAPI are there once a document was read
    seen = Counter()
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            if mode.value == "negative" and not operation.body and not operation.path_parameters:
                continue  # nothing of it can be wrong
            try:
                ask_cases(operation, mode, seen, checks)
            except Unsatisfiable:  # every wrong body that was made of this one is right after all
                if mode.value != "negative":
                    raise
    sys.stdout.write(f"schemathesis: {sum(seen.values())} cases, by status {dict(sorted(seen.items()))}\n")
    assert not [status for status in seen if status >= 500]
    assert {200, 400} <= seen.keys()
    assert len(operations) >= 7
