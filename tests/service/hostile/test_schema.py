"""Schemathesis on the service's own OpenAPI document.

CI makes a few hundred cases. For 2,000 and more:
`SCHEMA_EXAMPLES=220 python -m pytest tests/service/hostile/test_schema.py -s`
"""

import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

schemathesis = pytest.importorskip("schemathesis")
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "25"))
seen = Counter()


@pytest.fixture(scope="session")
def document(server):
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_answer_is_a_5xx_or_undocumented(case):
    seen[case.call_and_validate().status_code] += 1


def test_the_cases_were_asked_and_some_were_answered(server):
    sys.stdout.write(f"schemathesis: {sum(seen.values())} cases, by status {dict(sorted(seen.items()))}\n")
    assert sum(seen.values()) >= 4 * EXAMPLES
    assert seen[200] > 0
