"""`python -m bench api-examples`: records what the default scope answers to the OpenAPI document's example requests.

The default scope is an encoder, so those of steering are of the scope nano.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.atomic import write_atomically
from scopesift_service.apis.openapi.examples import RECORDED, recorded
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer

LONGEST_LIST = 2
ACTIVATE, STEER = "activate", "steer"
DECODER = "nano"
SUMMARISED = frozenset({"quality", "transferred", "label_cuts"})
"""Long objects of which an example shows the first entries."""


def run() -> None:
    """Serve both scopes one after the other, ask, and write the file."""
    with _serving(DEFAULT_SCOPE) as client:
        examples = {name: [_asked(client, one) for one in each] for name, each in _asks(client)}
    with _serving(DECODER, SCOPESIFT_STEERING="on") as client:
        examples[STEER] = [_asked(client, one) for one in recorded()[STEER]]
    text = json.dumps(examples, ensure_ascii=False, indent=1) + "\n"
    write_atomically(RECORDED, lambda path: path.write_text(text, encoding="utf-8"))
    print(f"written: {RECORDED} ({sum(map(len, examples.values()))} examples)")


@contextmanager
def _serving(scope: str, **settings: str) -> Iterator[httpx.Client]:
    """A service with a state folder, and a client with its admin token."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as state:
        environment = {"SCOPESIFT_SCOPE": scope, "SCOPESIFT_STATE": state, "SCOPESIFT_ADMIN_TOKEN": token}
        with LocalServer({**environment, **settings}) as server:
            server.wait(600)
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=server.url, headers=headers, timeout=300) as client:
                yield client


def _asks(client: httpx.Client) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Examples by operation; the activated version is the one that the classifier has before the transfer."""
    before = client.get(paths.CLASSIFIER.format(name="toxicity")).json()["version"]
    for name, each in recorded().items():
        if name == STEER:
            continue
        yield name, [{**one, "request": {"version": before}} for one in each] if name == ACTIVATE else each


def _asked(client: httpx.Client, example: dict[str, Any]) -> dict[str, Any]:
    """The example with today's answer."""
    if "request" in example:
        reply = client.post(example["path"], json=example["request"])
    else:
        reply = client.get(example["path"])
    reply.raise_for_status()
    is_json = reply.headers["content-type"].startswith("application/json")
    answer = shortened(reply.json()) if is_json else reply.text
    return {**example, "status": reply.status_code, "answer": answer}


def shortened(value: Any, *, summarise: bool = False) -> Any:
    """A JSON value with its lists cut to two items, and long objects to two entries.

    Args:
        value: Any JSON value.
        summarise: Whether it is inside such an object.
    """
    if isinstance(value, list):
        return [shortened(item, summarise=summarise) for item in value[:LONGEST_LIST]]
    if isinstance(value, dict):
        entries = list(value.items())[: LONGEST_LIST if summarise else None]
        return {name: shortened(item, summarise=summarise or name in SUMMARISED) for name, item in entries}
    return value
