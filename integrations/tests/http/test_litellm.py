"""LiteLLM's proxy with the configurations to drop in, called by the official client; its models are fakes."""

import os
import subprocess
import time
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx")
openai = pytest.importorskip("openai")
yaml = pytest.importorskip("yaml")

pytestmark = pytest.mark.timeout(900)
PROXY = Path(__file__).resolve().parents[3] / ".venv-litellm" / "bin" / "litellm"
KEY = "sk-a-master-key-that-is-long-enough-for-tests"


@pytest.fixture(scope="module")
def start_proxy(folder, texts, nobody, tmp_path_factory):
    """`start_proxy("config.yaml", url, unreachable_fallback=…)`: a client of a proxy with that file."""
    if not PROXY.exists():
        pytest.skip("`make integrations` installs LiteLLM's proxy")
    started = []
    home = tmp_path_factory.mktemp("litellm")

    def start(file, url, **changes):
        config = yaml.safe_load((folder / "litellm" / file).read_text(encoding="utf-8"))
        for guardrail in config["guardrails"]:
            guardrail["litellm_params"].update(changes)
        config["model_list"] = [
            {"model_name": name, "litellm_params": {"model": "openai/none", "mock_response": answer}}
            for name, answer in {
                "polite": texts.clean,
                "rude": texts.flagged,
                "rude in the end": f"{texts.clean}. " * 20 + texts.flagged,
            }.items()
        ]
        path = home / f"{len(started)}.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        port = _free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise prices are fetched at its start
            "HTTP_PROXY": nobody,  # whatever else it would ask outside of this machine gets no answer
            "HTTPS_PROXY": nobody,
            "NO_PROXY": "127.0.0.1",
            "LITELLM_MASTER_KEY": KEY,
            "SCOPESIFT_URL": url,
            "SCOPESIFT_OPENAI_URL": f"{url}/v1",
            "SCOPESIFT_API_KEY": "live-key",
        }
        options = ["--config", path, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
        log = home / f"{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [PROXY, *options], env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=home
            )
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 300
        while not _answers(address):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        return openai.OpenAI(base_url=address, api_key=KEY, max_retries=0, timeout=120)

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)


@pytest.fixture(scope="module")
def guarded(start_proxy, live):
    return start_proxy("config.yaml", live.url)


@pytest.fixture(scope="module")
def moderated(start_proxy, live):
    return start_proxy("openai-moderation.yaml", live.url)


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(address):
    try:
        return httpx.get(f"{address}/health/liveliness", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def ask(client, text, model="polite", **kwargs):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **kwargs)


def test_a_call_and_its_answer_pass_if_nothing_is_flagged(guarded, texts):
    assert ask(guarded, texts.clean).choices[0].message.content == texts.clean


def test_a_flagged_message_is_a_400_with_score_and_cut(guarded, texts):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(guarded, texts.flagged)
    assert caught.value.body["message"].startswith("toxicity ")
    assert " reaches the cut " in caught.value.body["message"]
    assert texts.flagged not in str(caught.value.body)


def test_a_flagged_answer_is_a_400_too(guarded, texts):
    with pytest.raises(openai.BadRequestError, match="reaches the cut"):
        ask(guarded, texts.clean, model="rude")


def test_a_flagged_answer_that_is_streamed_ends_in_an_error(guarded, texts):
    streamed = ask(guarded, texts.clean, stream=True)
    assert "".join(one.choices[0].delta.content or "" for one in streamed) == texts.clean
    with pytest.raises(openai.APIError, match="reaches the cut"):
        list(ask(guarded, texts.clean, model="rude", stream=True))


def test_a_streamed_answer_is_sent_until_it_is_flagged_or_held_back_until_it_is_checked(
    guarded, start_proxy, live, texts
):
    def received(client):
        parts = []
        try:
            for event in ask(client, texts.clean, model="rude in the end", stream=True):
                parts.append(event.choices[0].delta.content or "")
        except openai.APIError as error:
            return "".join(parts), error.message
        return "".join(parts), None

    text, error = received(guarded)
    assert text.startswith(texts.clean)
    assert texts.flagged not in text
    assert "reaches the cut" in error
    text, error = received(start_proxy("config.yaml", live.url, streaming_buffer_until_moderated=True))
    assert text == ""
    assert "reaches the cut" in error


def test_a_configured_cut_decides(start_proxy, live, texts):
    params = {"classifiers": ["toxicity"], "thresholds": {"toxicity": 0.99}}
    client = start_proxy("config.yaml", live.url, additional_provider_specific_params=params)
    assert ask(client, texts.flagged).choices[0].message.content == texts.clean


def test_without_the_service_calls_fail_unless_the_configuration_says_otherwise(start_proxy, nobody, texts):
    client = start_proxy("config.yaml", nobody)
    with pytest.raises(openai.InternalServerError, match="Guardrail API failed"):
        ask(client, texts.clean)


def test_a_service_that_takes_too_long_counts_as_down_and_calls_may_pass(start_proxy, silent, texts):
    client = start_proxy("config.yaml", silent, unreachable_fallback="fail_open", timeout=0.5)
    assert ask(client, texts.flagged).choices[0].message.content == texts.clean


def test_the_guardrail_for_openais_moderation_works_with_our_address(moderated, texts):
    assert ask(moderated, texts.clean).choices[0].message.content == texts.clean
    for text, model in ((texts.flagged, "polite"), (texts.clean, "rude")):
        with pytest.raises(openai.BadRequestError, match="Violated OpenAI moderation policy"):
            ask(moderated, text, model=model)


def test_the_guardrail_for_openais_moderation_lets_nothing_through_without_the_service(
    start_proxy, nobody, texts
):
    client = start_proxy("openai-moderation.yaml", nobody)
    with pytest.raises(openai.InternalServerError):
        ask(client, texts.clean)
