"""Clients that people already have, with nothing changed but the address."""

import pytest

pytestmark = pytest.mark.timeout(1800)
TOXIC, CLEAN = "They said these hoes lie", "Der Zug kommt um acht."


def test_the_official_openai_client_works_with_only_base_url_changed(live):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{live.url}/v1", api_key="live-key", timeout=300)
    answer = client.moderations.create(model="omni-moderation-latest", input=[TOXIC, CLEAN])
    first, second = answer.results
    assert (first.flagged, second.flagged) == (True, False)
    assert first.categories.harassment is False
    assert first.category_applied_input_types.harassment == []
    assert (
        first.category_scores.model_extra["toxicity"] > 0.5 > second.category_scores.model_extra["toxicity"]
    )
    assert set(answer.model_extra["classifiers"]) == {"toxicity", "language", "domain"}


def test_the_official_asynchronous_client_works_too(live):
    import asyncio

    openai = pytest.importorskip("openai")

    async def ask():
        url = f"{live.url}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="live-key", timeout=300) as client:
            calls = [client.moderations.create(input=text) for text in (TOXIC, CLEAN) * 4]
            return [answer.results[0].flagged for answer in await asyncio.gather(*calls)]

    assert asyncio.run(ask()) == [True, False] * 4


def test_the_openai_clients_input_may_be_a_text_texts_or_parts(live):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{live.url}/v1", api_key="live-key", timeout=300)

    def flagged(given):
        return [result.flagged for result in client.moderations.create(input=given).results]

    assert flagged(TOXIC) == [True]
    assert flagged([CLEAN, TOXIC, CLEAN]) == [False, True, False]
    assert flagged([{"type": "text", "text": text} for text in (CLEAN, TOXIC)]) == [True]


def test_the_openai_client_raises_its_own_errors(live):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{live.url}/v1", api_key="wrong", max_retries=0, timeout=300)
    with pytest.raises(openai.AuthenticationError, match="not valid"):
        client.moderations.create(input=CLEAN)
    client = openai.OpenAI(base_url=f"{live.url}/v1", api_key="live-key", max_retries=0, timeout=300)
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    with pytest.raises(openai.BadRequestError) as caught:
        client.moderations.create(input=[image])
    assert caught.value.code == "image_not_supported"
    assert caught.value.param == "input[0]"
    with pytest.raises(openai.NotFoundError):
        client.models.list()
    with pytest.raises(openai.APIStatusError) as caught:
        client.moderations.create(input=["a"] * 65)
    assert caught.value.status_code == 413


def test_googles_client_for_perspective_works_with_only_the_discovery_url_changed(live):
    discovery = pytest.importorskip("googleapiclient.discovery")
    errors = pytest.importorskip("googleapiclient.errors")

    def build(key):
        return discovery.build(
            "commentanalyzer",
            "v1alpha1",
            developerKey=key,
            discoveryServiceUrl=f"{live.url}/$discovery/rest?version=v1alpha1",
            static_discovery=False,
        )

    client = build("live-key")
    body = {
        "comment": {"text": TOXIC},
        "requestedAttributes": {"TOXICITY": {}},
        "spanAnnotations": True,
        "doNotStore": True,
    }
    answer = client.comments().analyze(body=body).execute()
    scores = answer["attributeScores"]["TOXICITY"]
    assert scores["summaryScore"]["value"] > 0.5
    span = scores["spanScores"][0]
    assert TOXIC[span["begin"] : span["end"]].strip() == "hoes"
    assert answer["languages"] == answer["detectedLanguages"] == ["en"]
    with pytest.raises(errors.HttpError, match="Perspective has INSULT, but no classifier"):
        client.comments().analyze(body={**body, "requestedAttributes": {"INSULT": {}}}).execute()
    with pytest.raises(errors.HttpError, match="this API key is not valid") as caught:
        build("wrong").comments().analyze(body=body).execute()
    assert caught.value.status_code == 401


def test_language_spans_over_rest_are_those_of_the_command_line(live, ask):
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_classifiers.judging.language_spans import language_spans
    from scopesift_features.scope import Scope

    text = f"{CLEAN} The train to the city was late again and nobody told us why."
    status, answer = ask(live, "POST", "/v1/classify", {"texts": [text, ""], "spans": True})
    assert status == 200
    first, empty = (record["language"]["spans"] for record in answer["results"])
    assert [span["label"] for span in first] == ["de", "en"]
    engine = Engine(Scope.load("nano", device="cpu"), [Classifier.load("language", "nano")])
    assert [(span["start"], span["end"], span["label"]) for span in first] == [
        (span.start, span.end, span.label) for span in language_spans(engine, text)
    ]
    assert empty == []


def test_the_service_listens_on_loopback_only(live):
    psutil = pytest.importorskip("psutil")
    root = psutil.Process(live.process.pid)
    addresses = {
        connection.laddr
        for process in [root, *root.children(recursive=True)]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert live.port in {address.port for address in addresses}
    assert {address.ip for address in addresses} <= {"127.0.0.1", "::1"}


def test_metrics_count_batches_tokens_and_verdicts_of_all_processes(live, ask):
    import httpx

    status, _ = ask(live, "POST", "/v1/classify", {"texts": [TOXIC, CLEAN]})
    assert status == 200
    lines = httpx.get(f"{live.url}/metrics", timeout=300).text.splitlines()
    values = {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")
    }
    assert values['scopesift_verdicts_total{classifier="toxicity",label="toxic"}'] >= 1
    assert values["scopesift_batch_texts_sum"] == values["scopesift_queue_seconds_count"] >= 2
    assert values["scopesift_batch_tokens_sum"] > values["scopesift_batch_texts_sum"]
    assert values['scopesift_requests_total{route="/v1/classify",status="200"}'] >= 1
