"""Real servers that share a state folder, as replicas do."""

import pytest

TOKEN = "an-admin-token-of-28-letters"


@pytest.fixture(scope="session")
def live_state(tmp_path_factory):
    return tmp_path_factory.mktemp("live") / "state"


@pytest.fixture(scope="session")
def start_live(live_state):
    """`start_live(workers, …)`: a service with so many engine processes and these settings; stopped in the end."""
    pytest.importorskip("bentoml")
    from scopesift_service.local_server import LocalServer

    started = []

    def start(workers, **settings):
        server = LocalServer(
            {
                "OMP_NUM_THREADS": "1",
                "SCOPESIFT_SCOPE": "nano",
                "SCOPESIFT_WORKERS": str(workers),
                "SCOPESIFT_STATE": str(live_state),
                "SCOPESIFT_ADMIN_TOKEN": TOKEN,
                "SCOPESIFT_API_KEYS": "live-key",
                "SCOPESIFT_TIMEOUT": "300",
                **settings,
            }
        )
        started.append(server)
        server.wait(900)
        return server

    yield start
    for server in started:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def live(start_live):
    """The server that most tests share: two engine processes."""
    return start_live(2)


@pytest.fixture(scope="session")
def ask():
    """`ask(server, method, path, body, token)`: status and JSON."""
    import httpx

    def ask(server, method, path, body=None, token="live-key"):
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.request(method, server.url + path, json=body, headers=headers, timeout=600)
        return answer.status_code, answer.json()

    return ask
