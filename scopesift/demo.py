"""`make demo`: the service on this machine, a handful of texts moderated over REST, the verdicts, a clean stop."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from typing import Any

from scopesift_classifiers.verdict import Evidence, Verdict
from scopesift_features.errors import ScopesiftError
from scopesift_service.local_server import LocalServer

from scopesift.commands.terminal import complain, output, say
from scopesift.commands.verdict_table import verdict_table

SENTENCES = (
    "That bitch should crawl back into her hole.",
    "You are such a stupid idiot, shut your mouth.",
    "Thank you for the help yesterday, the soup was wonderful.",
    "The dog was a good girl at the vet today.",
    "Parliament votes on the new budget on Tuesday.",
    "A court may grant an injunction where damages would not be an adequate remedy.",
    "Die Mannschaft gewann das Finale nach einem Tor in der letzten Minute.",
    "Les chercheurs ont mesuré la vitesse de la lumière dans un cristal.",
    "El hotel está cerca de la playa y sirve el desayuno hasta las diez.",
    "Вакцина защищает детей от тяжёлой болезни.",
    "这座城市的人口超过八百万。",
    "오늘 저녁에 친구들과 영화를 봤어요.",
    "المطار قريب من وسط المدينة.",
    "Der Zug kommt um acht, and then we take the bus.",
)
ABOUT = """\
nano is the bundled scope: a very small language model, trained from scratch so that everything runs offline through \
the code path of Qwen-Scope's weights. It is wrong far more often than they would be, above all outside English; its \
numbers are in scopesift/bundled/nano/README.md.

Next: [bold]make serve[/bold] and the playground in a browser, or \
[bold].venv/bin/scopesift explain "your text"[/bold] to see every feature that was looked at."""


def main() -> None:
    """Serve, moderate, print, stop."""
    began = time.perf_counter()
    with LocalServer() as server:
        say(f"starting the service on {server.url} …")
        server.wait()
        say(f"ready after {time.perf_counter() - began:.1f} s; POST {server.url}/v1/classify")
        asked = time.perf_counter()
        results = ask(f"{server.url}/v1/classify", {"texts": SENTENCES})["results"]
        seconds = time.perf_counter() - asked
        about = {item["name"]: item for item in ask(f"{server.url}/v1/classifiers")["classifiers"]}
        moderation = ask(f"{server.url}/v1/moderations", {"input": SENTENCES[0]})["results"][0]
        code = server.stop()
    if code != 0:
        raise ScopesiftError(f"the service ended with code {code} after SIGTERM, expected 0")
    answers = [
        {name: verdict(record[name], item) for name, item in about.items() if name in record}
        for record in results
    ]
    output.rule("[bold]scopesift[/bold]: moderation that names its reasons, nothing trained by gradient")
    output.print(verdict_table(SENTENCES, answers))
    score = moderation["category_scores"]["toxicity"]
    output.print(
        f"{len(SENTENCES)} texts judged over REST in {seconds:.2f} s, {', '.join(about)} in one pass of nano; "
        f"OpenAI's shape says of the first text: flagged {str(moderation['flagged']).lower()}, toxicity {score:.2f}. "
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
    """A verdict from what the service says of it and of its classifier."""
    flagged = said.get("flagged")
    label = said["label"] if flagged is None else about["labels"][0] if flagged else about["unknown"]
    evidence = tuple(Evidence(**item) for item in said["evidence"])
    return Verdict(about["kind"], label, flagged, said["score"], {}, said["rule"], evidence)


if __name__ == "__main__":
    try:
        main()
    except (ScopesiftError, OSError) as error:
        complain(str(error))
        sys.exit(1)
