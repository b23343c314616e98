"""Perspective's callers as they are: Coral and Google's client, on a service that takes moderators' decisions."""

import json
import time

import pytest

pytestmark = pytest.mark.timeout(1800)
TOKEN = "an-admin-token-of-28-letters"
TOXIC, CLEAN = "They said these hoes lie", "Der Zug kommt um acht."
CORALS_SECONDS = 0.8
TRANSFER = "/v1/classifiers/toxicity/transfer"


@pytest.fixture(scope="module")
def server(start_live, tmp_path_factory):
    return start_live(
        1,
        SCOPESIFT_STATE=str(tmp_path_factory.mktemp("suggestions") / "state"),
        SCOPESIFT_PERSPECTIVE_MISSING="omit",
        SCOPESIFT_PERSPECTIVE_ATTRIBUTES="SEVERE_TOXICITY=toxicity,GERMAN=language:de",
    )


@pytest.fixture(scope="module")
def google(server):
    discovery = pytest.importorskip("googleapiclient.discovery")
    return discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey="live-key",
        discoveryServiceUrl=f"{server.url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    )


class Coral:
    """Sends what Coral's server sends (`services/perspective` of coralproject/talk), and gives up when Coral does."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.seconds = []

    def analyze(self, text):
        body = {
            "comment": {"text": text},
            "doNotStore": True,
            "requestedAttributes": {"TOXICITY": {}},
            "languages": ["en"],
        }
        return self._post("comments:analyze", body)["attributeScores"]["TOXICITY"]["summaryScore"]["value"]

    def moderated(self, text, number, status, language="en"):
        link = {"url": f"https://example.org/story?commentID={number}", "Coral_comment_id": number}
        body = {
            "comment": {"text": text},
            "context": {"entries": [{"text": json.dumps(link)}]},
            "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0 if status == "APPROVED" else 1}}},
            "languages": [language],
            "communityId": "Coral:https://coral.example.org/",
            "clientToken": f"comment:{number}",
        }
        return self._post("comments:suggestscore", body)

    def _post(self, operation, body):
        import httpx

        sent = time.perf_counter()
        answer = httpx.post(
            f"{self.endpoint}/{operation}?key=live-key",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=CORALS_SECONDS,
        )
        self.seconds.append(time.perf_counter() - sent)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="module")
def coral(server):
    return Coral(f"{server.url}/v1alpha1")


def test_corals_request_is_answered_within_its_800_ms(coral):
    scores = [coral.analyze(f"{text} {number}") for number in range(10) for text in (TOXIC, CLEAN)]
    assert min(scores[::2]) > 0.5 > max(scores[1::2])
    assert max(coral.seconds) < CORALS_SECONDS


def test_corals_moderators_teach_a_language_and_the_counts_say_what_is_new(server, coral, ask):
    for number in range(8):
        assert coral.moderated(f"Du bist so eine bitch, sagt Nummer {number}", number, "APPROVED", "de") == {
            "clientToken": f"comment:{number}",
            "detectedLanguages": [],
            "requestedLanguages": ["de"],
        }
    assert max(coral.seconds) < CORALS_SECONDS
    asked = {"lang": "de", "examples": "suggested"}
    status, told = ask(server, "POST", TRANSFER, asked, TOKEN)
    assert (status, "two labels" in told["error"]["message"]) == (422, True)
    for number in range(8):
        coral.moderated(f"Du bist so eine bitch, sagt Nummer {number}", number, "DELETED", "de")
        coral.moderated(f"Das Wetter ist heute schön am Tag {number}", 100 + number, "APPROVED", "de")

    def counts():
        return ask(server, "GET", "/v1/classifiers/toxicity")[1]["suggestions"]["de"]

    status, dry = ask(server, "POST", TRANSFER, {**asked, "dry_run": True}, TOKEN)
    assert (status, dry["quality"]["examples"], counts()) == (200, 16, {"stored": 16, "new": 16})
    status, made = ask(server, "POST", TRANSFER, asked, TOKEN)
    assert (status, made["version"], counts()) == (201, dry["version"], {"stored": 16, "new": 0})
    coral.moderated("Das ist alles neu", 300, "APPROVED", "de")
    assert counts() == {"stored": 17, "new": 1}
    text = server.log.read_text()
    assert "bitch" not in text
    assert "suggestscore" in text


def test_a_script_for_the_real_api_asks_for_all_its_attributes_through_googles_client(google):
    body = {
        "comment": {"text": TOXIC, "type": None},
        "requestedAttributes": {
            "TOXICITY": {},
            "SEVERE_TOXICITY": {"scoreThreshold": None},
            **{
                name: {} for name in ("IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT", "SEXUALLY_EXPLICIT")
            },
        },
        "languages": ["en"],
        "spanAnnotations": True,
        "sessionId": None,
    }
    answer = google.comments().analyze(body=body).execute()
    assert answer["attributeScores"].keys() == {"TOXICITY", "SEVERE_TOXICITY"}
    for scores in answer["attributeScores"].values():
        assert scores["summaryScore"]["value"] > 0.5
        assert any(TOXIC[span["begin"] : span["end"]].strip() == "hoes" for span in scores["spanScores"])


def test_googles_client_suggests_a_score(google, server, ask):
    body = {
        "comment": {"text": "how could you"},
        "attributeScores": {name: {"summaryScore": {"value": 1}} for name in ("SEVERE_TOXICITY", "INSULT")},
        "clientToken": "t-1",
    }
    answer = google.comments().suggestscore(body=body).execute()
    (language,) = answer["detectedLanguages"] or ["und"]
    assert (answer["clientToken"], answer["requestedLanguages"]) == ("t-1", [])
    stored = ask(server, "GET", "/v1/classifiers/toxicity")[1]["suggestions"]
    assert stored[language]["stored"] >= 1
