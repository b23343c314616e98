"""What the small server of the page tests answers under /v1/classifiers and /v1/audit."""

import time
from urllib.parse import parse_qsl

QUALITY = {
    "n": 1000,
    "macro_f1": 0.827,
    "balanced_accuracy": 0.82,
    "accuracy": 0.81,
    "recall": 0.922,
    "false_positive_rate": 0.25,
    "baselines": {"tfidf": {"macro_f1": 0.9, "balanced_accuracy": 0.9}},
}
ONE = {
    "kind": "binary",
    "labels": ["toxic"],
    "unknown": "clean",
    "version": "a6eaded3727d",
    "langs": [],
    "n_features": 2,
    "deepest_layer": 3,
    "cut": 0.467,
}
MANY = {"kind": "many", "labels": ["de", "en", "nl"], "unknown": "und", "version": "43a494069753"}
PER_CLASS = {
    "de": {"n": 200, "precision": 0.9, "recall": 0.8, "f1": 0.85, "taken_for": {"und": 0.05, "nl": 0.15}},
    "en": {"n": 300, "precision": 0.99, "recall": 1.0, "f1": 0.995, "taken_for": {}},
    "nl": {"n": 100, "precision": 0.7, "recall": 0.92, "f1": 0.8, "taken_for": {"de": 0.08}},
}
STRATEGY = {"name": "recalibrate", "macro_f1": 0.81, "balanced_accuracy": 0.8, "spread": 0.05}
REPLACED = {"rule": "default", "macro_f1": 0.7, "balanced_accuracy": 0.69, "spread": 0.04}
DRAFT, NAMED, MUTED = "0c1d2e3f4a5b", "a1a1a1a1a1a1", "b2b2b2b2b2b2"
MADE = "2026-01-02T03:04:05.000+00:00"
TOXICITY = "/v1/classifiers/toxicity"
RUNNING = {"action": "transfer", "who": "alice", "stage": "reading", "done": 5, "of": 24, "seconds": 1}


CARD = {
    "rates": {"toxic": 0.549, "clean": 0.199},
    "by_lang": {"de": 0.635, "en": 0.529},
    "histogram": {"edges": [0.0, 1.0, 2.0, 3.0, 4.0], "counts": [40, 20, 0, 1]},
    "tokens": [["idiot", 0.3], ["fool", 0.1]],
}


def feature(number, **given):
    """One of the features that the server lists."""
    item = {
        "layer": 4,
        "feature": number,
        "name": "idiot · fool",
        "threshold": 2.0,
        "weight": 0.5 - number / 40,
    }
    return {**item, "rules": ["default", "de"], "card": CARD, **given}


class ClassifierAnswers:
    """One classifier with versions; a test may change what is there."""

    def __init__(self):
        self.warning = None
        self.quality = {}
        self.versions = [{"version": "a6eaded3727d", "active": True, "created": None, "langs": []}]
        self.version_delays = []
        self.trail = []
        self.unreadable = 0
        self.requests = []
        self.features = [feature(number) for number in range(40)]
        self.feature_queries = []
        self.refusal = None
        self.running = None
        self.transfer_seconds = 0

    def list(self):
        one = {**ONE, "quality": {"test": QUALITY} | self.quality}
        confused = {"test": {**QUALITY, "per_class": PER_CLASS}}
        return {
            "scope": {"id": "tiny"},
            "classifiers": [
                {"name": "toxicity", **one},
                {**one, "name": "language", **MANY, "quality": confused},
            ],
            "limits": {"max_texts": 64, "max_characters": 20480, "max_call_characters": 65536},
            "transfer": {"enabled": True, "max_examples": 500},
        }

    def classifier_answer(self, path, body, authorization):
        """Status and answer; None: there is no such route."""
        path, _, query = path.partition("?")
        if path.endswith("/features"):
            return 200, self.list_features(path.split("/")[3], dict(parse_qsl(query)))
        if path == TOXICITY:
            answer = {"versions": self.versions}
            if self.version_delays:
                time.sleep(self.version_delays.pop(0))
            return 200, answer
        if path.endswith("/progress"):
            return 200, {"name": "toxicity", "running": self.running}
        if path == "/v1/audit":
            if authorization != "Bearer a-long-admin-token":
                return 401, {"error": {"message": "the admin token is missing or wrong", "type": "x"}}
            return 200, {"entries": self.trail, "unreadable": self.unreadable}
        if path.startswith(f"{TOXICITY}/") and body is not None:
            self.requests.append({**body, "authorization": authorization})
            return getattr(self, path.rsplit("/", 1)[-1])(body)
        return None

    def list_features(self, name, query):
        self.feature_queries.append({"name": name, **query})
        found = [one for one in self.features if query.get("search", "") in one["name"]]
        part = found[int(query["offset"]) : int(query["offset"]) + int(query["limit"])]
        asked = {"name": name, "rule": query["rule"], "label": query["label"]}
        return {**asked, "version": self.in_use(), "combine": "linear", "total": len(found), "features": part}

    def in_use(self):
        return next(one["version"] for one in self.versions if one["active"])

    def tell(self, action, version, *, in_use=True, **about):
        """Add a change to the audit trail."""
        entry = {"time": "2026-01-02T03:04:05.000+00:00", "who": "alice", "action": action}
        which = {"classifier": "toxicity", "version": version, "previous": self.in_use(), "in_use": in_use}
        self.trail = [{**entry, **which, **about}, *self.trail]

    def rename(self, body):
        self.tell("rename", NAMED, feature=body["feature"], given_name=body["given_name"])
        before, self.versions = self.in_use(), [{**one, "active": False} for one in self.versions]
        self.versions = [{"version": NAMED, "active": True, "created": MADE, "langs": []}, *self.versions]
        place = tuple(map(int, body["feature"].split(":")))
        self.features = [
            {**one, "given_name": body["given_name"]} if (one["layer"], one["feature"]) == place else one
            for one in self.features
        ]
        made = {"name": "toxicity", "version": NAMED, "base_version": before, "active": True}
        return 201, {
            **made,
            "feature": body["feature"],
            "rules": ["default"],
            "given_name": body["given_name"],
        }

    def mute(self, body):
        if self.refusal:
            return 422, {"error": {"message": self.refusal, "type": "x"}}
        self.tell(
            "mute", MUTED, in_use=False, feature=body["feature"], examples=len(body.get("examples", []))
        )
        self.versions = [{"version": MUTED, "active": False, "created": MADE, "langs": []}, *self.versions]
        quality = {"macro_f1": 0.7, "balanced_accuracy": 0.7, "accuracy": 0.7}
        changed = {
            "example": 1,
            "label": "clean",
            "old": "toxic",
            "new": "clean",
            "old_score": 0.61,
            "new_score": 0.38,
        }
        compared = {
            "examples": len(body.get("examples", [])), "changed": 1, "verdicts": [changed],
            "old": quality, "new": {**quality, "macro_f1": 0.9},
        }  # fmt: skip
        return 201, {
            "name": "toxicity",
            "version": MUTED,
            "base_version": self.in_use(),
            "active": False,
            "feature": body["feature"],
            "rules": ["default", "de"],
            "n_features": 39,
            "calibration": "kept",
            "compared": compared if body.get("examples") else None,
        }

    def activate(self, body):
        before = self.in_use()
        self.tell("activate", body["version"])
        self.versions = [{**one, "active": one["version"] == body["version"]} for one in self.versions]
        return 200, {"name": "toxicity", "version": body["version"], "previous": before}

    def transfer(self, body):
        self.tell(
            "transfer", DRAFT, in_use=False, lang=body["lang"], examples=len(body["examples"]), labelled=True
        )
        time.sleep(self.transfer_seconds)
        made = {"version": DRAFT, "active": False, "created": MADE}
        self.versions = [{**made, "langs": [body["lang"]]}, *self.versions]
        return 201, {
            "name": "toxicity",
            "version": DRAFT,
            "base_version": "a6eaded3727d",
            "lang": body["lang"],
            "active": body.get("activate", True),
            "chosen": "recalibrate",
            "strategies": [STRATEGY],
            "replaced": REPLACED,
            "warning": self.warning,
            "quality": {"cross_validated": STRATEGY, "examples": len(body["examples"])},
        }
