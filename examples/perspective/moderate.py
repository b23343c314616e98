"""Scores comments with the Perspective API and sends back a moderator's decision.

Written for Google's service: several attributes, spans, languages, and fields that are null. For another server only
the URL changes:

    pip install google-api-python-client
    PERSPECTIVE_URL=http://127.0.0.1:3000 python moderate.py API_KEY "First comment" "Second comment"
    PERSPECTIVE_URL=http://127.0.0.1:3000 python moderate.py API_KEY "First comment" --decision toxic
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

URL = os.environ.get("PERSPECTIVE_URL", "https://commentanalyzer.googleapis.com")
ATTRIBUTES = ("TOXICITY", "SEVERE_TOXICITY", "INSULT", "THREAT")


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


def main(arguments: list[str] | None = None) -> int:
    """Print the scores of every comment and where they come from, and report a moderator's decision about it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("key", help="API key")
    parser.add_argument("comments", nargs="+", help="comments to score")
    parser.add_argument("--decision", choices=("toxic", "clean"), help="what a moderator decided about them")
    given = parser.parse_args(arguments)
    try:
        client = build(
            "commentanalyzer",
            "v1alpha1",
            developerKey=given.key,
            discoveryServiceUrl=f"{URL}/$discovery/rest?version=v1alpha1",
            static_discovery=False,
        )
        for text in given.comments:
            show(text, analyze(client, text)["attributeScores"])
            if given.decision is not None:
                suggest(client, text, toxic=given.decision == "toxic")
    except HttpError as error:
        print(f"{error.status_code}: {error.reason}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{URL} does not answer: {error}", file=sys.stderr)
        return 1
    return 0


def show(text: str, scores: dict[str, Any]) -> None:
    """Print a comment's scores."""
    print(text)
    for name, found in scores.items():
        print(f"  {name} {found['summaryScore']['value']:.2f}")
        for span in found["spanScores"]:
            print(f"    {text[span['begin'] : span['end']]!r} {span['score']['value']:.2f}")


if __name__ == "__main__":
    sys.exit(main())
