"""Scores comments with the Perspective API and sends back a moderator's decision.

Written for Google's service: several attributes, spans, languages, and fields that are null. For another server only
the URL changes:

    pip install google-api-python-client
    PERSPECTIVE_URL=http://127.0.0.1:3000 python moderate.py API_KEY "First comment" "Second comment"
"""

from __future__ import annotations

import os
import sys
from typing import Any

from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

URL = os.environ.get("PERSPECTIVE_URL", "https://commentanalyzer.googleapis.com")
ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "INSULT", "THREAT")
REJECT_FROM = 0.8


def analyze(client: Any, text: str) -> dict[str, Any]:
    """Perspective's answer for a comment."""
    body = {
        "comment": {"text": text, "type": None},
        "requestedAttributes": {name: {"scoreThreshold": None} for name in ATTRIBUTES},
        "languages": ["en"],
        "spanAnnotations": True,
        "doNotStore": True,
        "context": None,
        "clientToken": "comment-1",
    }
    answer: dict[str, Any] = client.comments().analyze(body=body).execute()
    return answer


def suggest(client: Any, text: str, *, toxic: bool) -> None:
    """Send a moderator's decision."""
    body = {
        "comment": {"text": text},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": float(toxic)}}},
        "languages": ["en"],
        "communityId": "example",
    }
    client.comments().suggestscore(body=body).execute()


def main(key: str, texts: list[str]) -> int:
    """Print the scores of every comment and where they come from; a rejected one is reported as toxic."""
    client = build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=key,
        discoveryServiceUrl=f"{URL}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    )
    for text in texts:
        try:
            scores = analyze(client, text)["attributeScores"]
        except HttpError as error:
            print(f"{error.status_code}: {error.reason}", file=sys.stderr)
            return 1
        print(text)
        for name, found in scores.items():
            print(f"  {name} {found['summaryScore']['value']:.2f}")
            for span in found["spanScores"]:
                print(f"    {text[span['begin'] : span['end']]!r} {span['score']['value']:.2f}")
        if scores["TOXICITY"]["summaryScore"]["value"] >= REJECT_FROM:
            suggest(client, text, toxic=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
