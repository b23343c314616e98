"""Tools that are no Python packages: what they send with the settings in the READMEs, and what they read of answers.

Sources: moderateText.js of LibreChat, perspective.ts and toxic.ts of Coral, the http_classify client of vLLM Semantic
Router, hugging_face_text_embeddings.rb of Discourse AI.
"""

import json
import time
from types import SimpleNamespace

import pytest

httpx = pytest.importorskip("httpx")
yaml = pytest.importorskip("yaml")

pytestmark = pytest.mark.timeout(900)
IN_READMES = "http://127.0.0.1:3000"


@pytest.fixture(scope="module")
def live(start_live, tmp_path_factory):
    """A service on the default scope, whose speed and classifiers are those that a README speaks of."""
    return start_live(1, SCOPESIFT_SCOPE="e5", SCOPESIFT_STATE=str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="module")
def texts():
    """Texts that its toxicity classifier flags and does not flag."""
    return SimpleNamespace(
        flagged="You are such a stupid idiot, shut up!", clean="The train leaves at eight."
    )


@pytest.fixture(scope="module")
def settings(snippet, live):
    """`settings("coral", "json")`: a README's code block, with this server's address and key in place of its own."""

    def settings(folder, language):
        return snippet(folder, language).replace(IN_READMES, live.url).replace("your-key", "live-key")

    return settings


class LibreChat:
    """What LibreChat does with a message: refuse it or not."""

    def __init__(self, dotenv):
        self.env = dict(line.split("=", 1) for line in dotenv.split())

    def refuses(self, text):
        assert self.env["OPENAI_MODERATION"] == "true"
        answer = httpx.post(
            self.env["OPENAI_MODERATION_REVERSE_PROXY"],
            json={"input": text},
            headers={"Authorization": f"Bearer {self.env['OPENAI_MODERATION_API_KEY']}"},
            timeout=300,
        )
        answer.raise_for_status()
        return any(result["flagged"] for result in answer.json()["results"])


def test_librechat_refuses_a_flagged_message_and_no_other(settings, texts):
    librechat = LibreChat(settings("librechat", "dotenv"))
    assert librechat.refuses(texts.flagged)
    assert not librechat.refuses(texts.clean)


class Coral:
    """Coral's two requests with the settings of its integration."""

    def __init__(self, settings):
        self.settings = json.loads(settings)

    def send(self, operation, body, timeout):
        return httpx.post(
            f"{self.settings['endpoint']}/{operation}",
            params={"key": self.settings["key"]},
            json=body,
            timeout=timeout,
        )

    def score(self, text, timeout):
        model = self.settings["model"]
        body = {
            "comment": {"text": text},
            "doNotStore": self.settings["doNotStore"],
            "requestedAttributes": {model: {}},
            "languages": ["en"],
        }
        answer = self.send("comments:analyze", body, timeout)
        answer.raise_for_status()
        return answer.json()["attributeScores"][model]["summaryScore"]["value"]

    def withholds(self, text):
        return self.score(text, 300) > self.settings["threshold"]

    def reports(self, text, status):
        """What a moderator decided."""
        assert self.settings["sendFeedback"]
        where = {"url": "https://news.example/story?commentID=c1", "Coral_comment_id": "c1"}
        body = {
            "comment": {"text": text},
            "context": {"entries": [{"text": json.dumps(where)}]},
            "attributeScores": {
                self.settings["model"]: {"summaryScore": {"value": 0 if status == "APPROVED" else 1}}
            },
            "languages": ["en"],
            "communityId": "Coral:https://coral.example",
            "clientToken": "comment:c1",
        }
        answer = self.send("comments:suggestscore", body, 300)
        answer.raise_for_status()
        return answer.json()


def test_coral_withholds_a_flagged_comment_and_no_other(settings, texts):
    coral = Coral(settings("coral", "json"))
    assert coral.withholds(texts.flagged)
    assert not coral.withholds(texts.clean)


def test_coral_has_its_score_within_its_time_limit(settings, texts):
    coral = Coral(settings("coral", "json"))
    coral.score(texts.clean, 300)
    seconds = []
    for number in range(9):
        began = time.perf_counter()
        coral.score(f"{texts.flagged} Comment {number} of many that a reader may write. " * 8, 300)
        seconds.append(time.perf_counter() - began)
    assert sorted(seconds)[4] < 0.8


def test_what_corals_moderators_decide_is_kept_as_examples(settings, ask, live, texts):
    def kept():
        suggestions = ask(live, "GET", "/v1/classifiers/toxicity")[1]["suggestions"]
        return suggestions.get("en", {}).get("stored", 0)

    coral, before = Coral(settings("coral", "json")), kept()
    assert coral.reports(texts.flagged, "DELETED")["clientToken"] == "comment:c1"
    coral.reports(texts.clean, "APPROVED")
    assert kept() == before + 2


class SemanticRouter:
    """The router's `http_classify` client and the checks on what it gets."""

    def __init__(self, config):
        config = yaml.safe_load(config)
        (self.model,) = config["global"]["model_catalog"]["external"]
        (self.signal,) = config["routing"]["signals"]["classifiers"]
        (self.decision,) = config["routing"]["decisions"]

    def matches(self, text, url):
        assert self.signal["model"] == self.model["name"]
        answer = httpx.post(
            f"{url}/classify",
            json={"inputs": text},
            headers={"Authorization": f"Bearer {self.model['access_key']}"},
            timeout=self.model["llm_timeout_seconds"],
        )
        answer.raise_for_status()
        scores = {one["label"]: one["score"] for one in answer.json()}
        assert set(scores) == set(self.signal["labels"])
        assert len(scores) >= 2
        assert sum(scores.values()) == pytest.approx(1, abs=0.02)
        (condition,) = self.decision["rules"]["conditions"]
        assert condition["name"] == self.signal["name"]
        return scores[condition["label"]] >= condition["predicate"]["gte"]


def test_semantic_router_takes_its_decision_on_flagged_texts_only(settings, live, texts):
    router = SemanticRouter(settings("semantic-router", "yaml"))
    endpoint = router.model["llm_endpoint"]
    assert "{protocol}://{address}:{port}".format(**endpoint) == IN_READMES
    assert router.matches(texts.flagged, live.url)
    assert not router.matches(texts.clean, live.url)


def test_discourse_reads_a_score_for_each_sentiment(settings):
    (config,) = json.loads(settings("discourse", "json"))
    for header in ({"X-API-KEY": config["api_key"]}, {"Authorization": f"Bearer {config['api_key']}"}):
        answer = httpx.post(
            config["endpoint"],
            json={"inputs": "I love this forum, thank you all!", "truncate": True},
            headers={"Referer": "https://forum.example", **header},
            timeout=300,
        )
        assert answer.status_code == 200
        scores = {one["label"]: one["score"] for one in answer.json()}
        assert set(scores) == {"negative", "neutral", "positive", "unclear"}
        assert max(scores, key=scores.get) == "positive"
