"""What the READMEs and files to drop in say, texts whose verdicts are known, and an address without a service."""

import re
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def folder():
    """The folder `integrations`."""
    return FOLDER


@pytest.fixture(scope="session")
def snippet():
    """`snippet("coral", "json")`: the only code block of that language in a README under integrations/."""

    def snippet(name, language):
        readme = (FOLDER / name / "README.md").read_text(encoding="utf-8")
        (found,) = re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
        return found

    return snippet


@pytest.fixture(scope="session")
def texts(live, ask):
    """Texts that the service flags and does not flag; its toy scope knows few words."""
    found = SimpleNamespace(flagged="They said these hoes lie", clean="I am glad to help you")
    _, answer = ask(live, "POST", "/v1/classify", {"texts": [found.flagged, found.clean]})
    assert [record["toxicity"]["flagged"] for record in answer["results"]] == [True, False]
    return found


@pytest.fixture(scope="session")
def nobody():
    """The address of a service that is down: its port is taken and nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(scope="session")
def silent():
    """The address of a service that accepts calls and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
