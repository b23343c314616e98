"""
title: scopesift moderation
author: scopesift
version: 0.1.0
license: Apache-2.0
description: Asks a scopesift service about messages and answers, and withholds those that it flags.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from pydantic import BaseModel, Field, field_validator
from yarl import URL

log = logging.getLogger(__name__)

# a call stays below the service's default limits (SCOPESIFT_MAX_CHARACTERS, …_CALL_CHARACTERS, …_TEXTS)
TEXT_CHARACTERS, CALL_CHARACTERS, CALL_TEXTS = 20_000, 60_000, 64
# read again with what follows, where a text is read in pieces or while it is written
CONTEXT_CHARACTERS = 500
OPEN_ANSWERS = 1_000  # streamed answers that are remembered; those that were broken off never end
WRONG_SETTINGS = "The moderation filter's settings are wrong"
NOT_NOW = (408, 429)  # statuses below 500 that say nothing about the settings


class Unavailable(Exception):  # noqa: N818
    """The service cannot be asked now: `fail_open` decides."""


class Refused(Exception):  # noqa: N818
    """What the user reads instead of an answer."""


@dataclass
class StreamedAnswer:
    """The end of an answer that is being written, how much of it was not checked yet, and whether it is withheld."""

    text: str = ""
    unchecked: int = 0
    withheld: bool = False


class Filter:
    """The class that Open WebUI looks for."""

    class Valves(BaseModel):
        """Settings, as Open WebUI's function settings show them."""

        url: str = Field(default="http://127.0.0.1:3000", description="Address of the scopesift service")
        api_key: str = Field(default="", description="One of its SCOPESIFT_API_KEYS, if it has any")
        classifiers: str = Field(
            default="toxicity",
            description="Which of its binary classifiers decide, separated by commas; empty: all",
        )
        thresholds: str = Field(
            default="",
            description="Cuts in place of the classifiers' own, such as toxicity=0.8, separated by commas",
        )
        messages: Literal["last", "user", "all"] = Field(
            default="last",
            description="Which messages are checked: the user's last one, all of the user's, or the whole chat",
        )
        check_answers: bool = Field(default=True, description="Whether the model's answers are checked too")
        stream_characters: int = Field(
            default=400,
            ge=0,
            description="An answer is checked each time so many characters were written; 0: only at its end",
        )
        fail_open: bool = Field(
            default=False, description="Whether messages and answers pass while the service cannot be asked"
        )
        timeout: float = Field(default=5.0, gt=0, description="Seconds that the service may take")
        refused_message: str = Field(default="This message was not sent. It was flagged for {classifiers}.")
        withheld_message: str = Field(default="This answer is withheld. It was flagged for {classifiers}.")
        unavailable_message: str = Field(
            default="Messages cannot be checked at the moment. Please try again later."
        )
        priority: int = Field(default=0, description="Filters run in ascending order")

        @field_validator("url")
        @classmethod
        def _callable(cls, url: str) -> str:
            return checked_url(url)

        @field_validator("thresholds")
        @classmethod
        def _readable(cls, thresholds: str) -> str:
            parse_thresholds(thresholds)
            return thresholds

    def __init__(self) -> None:
        self.valves = self.Valves()
        self._answers: OrderedDict[Any, StreamedAnswer] = OrderedDict()

    async def inlet(self, body: dict[str, Any], __user__: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check a chat before the model sees it.

        Raises:
            Refused: With what the user reads; Open WebUI then sends nothing to the model.
        """
        texts = [text_of(message) for message in self._messages_to_check(body.get("messages") or [])]
        refusal = await self._refusal(texts, self.valves.refused_message)
        if refusal:
            log.info("a message of user %s was refused: %s", (__user__ or {}).get("id"), refusal)
            raise Refused(refusal)
        return body

    async def outlet(self, body: dict[str, Any]) -> dict[str, Any]:
        """Check the model's answer when it is complete, and replace it if it is to be withheld.

        Open WebUI ignores exceptions here and would leave the answer as it is.
        """
        answers = [one for one in body.get("messages") or [] if one.get("role") == "assistant"]
        if not (self.valves.check_answers and answers):
            return body
        answer = answers[-1]
        refusal = await self._refusal([text_of(answer)], self.valves.withheld_message)
        if refusal:
            answer["content"] = refusal
            if answer.get("output"):  # newer versions show this rather than the content
                part = {"type": "output_text", "text": refusal}
                answer["output"] = [
                    {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
                ]
        return body

    async def stream(
        self, event: dict[str, Any], __metadata__: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Check an answer while it is being written; from where it is flagged, nothing more is shown."""
        choices = event.get("choices") or []
        if not (self.valves.check_answers and self.valves.stream_characters and choices):
            return event
        choice = choices[0]
        # Ollama's events each have an id of their own, so the message's is better
        key = (__metadata__ or {}).get("message_id") or event.get("id")
        answer = self._answers.setdefault(key, StreamedAnswer())
        if len(self._answers) > OPEN_ANSWERS:
            self._answers.popitem(last=False)
        finished = bool(choice.get("finish_reason"))
        if answer.withheld:
            choice["delta"] = {"content": ""}
        else:
            written = (choice.get("delta") or {}).get("content") or ""
            answer.text += written
            answer.unchecked += len(written)
            if answer.unchecked and (finished or answer.unchecked >= self.valves.stream_characters):
                refusal = await self._refusal([answer.text], self.valves.withheld_message)
                if refusal:
                    answer.withheld = True
                    choice["delta"] = {"content": refusal}
                answer.text, answer.unchecked = answer.text[-CONTEXT_CHARACTERS:], 0
        if finished:
            self._answers.pop(key, None)
        return event

    def _messages_to_check(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.valves.messages == "all":
            return messages
        of_user = [message for message in messages if message.get("role") == "user"]
        return of_user[-1:] if self.valves.messages == "last" else of_user

    async def _refusal(self, texts: Iterable[str], flagged_message: str) -> str | None:
        """What is shown instead of the texts; None: they may pass."""
        try:
            flags = await self._flags([text for text in texts if text.strip()])
        except Unavailable as error:
            log.warning("scopesift at %s: %s", self.valves.url, error)
            return None if self.valves.fail_open else self.valves.unavailable_message
        except Refused as error:
            return str(error)
        return flagged_message.replace("{classifiers}", ", ".join(flags)) if flags else None

    async def _flags(self, texts: list[str]) -> list[str]:
        """Names of the classifiers that flag any of the texts.

        Raises:
            Unavailable: The service is away, busy or broken.
            Refused: It does not accept the request. That is a setting to correct, so nothing passes until then.
        """
        chosen = [name.strip() for name in self.valves.classifiers.split(",") if name.strip()]
        request = {"classifiers": chosen or None, "thresholds": parse_thresholds(self.valves.thresholds)}
        flags: dict[str, None] = {}
        for call in calls_of(texts):
            for result in await self._classify({**request, "texts": call, "explain": False}):
                if "error" in result:
                    raise Unavailable(result["error"]["message"])
                verdicts = {
                    name: verdict["flagged"]
                    for name, verdict in result.items()
                    if isinstance(verdict, dict) and "flagged" in verdict
                }
                if not verdicts or set(chosen) - set(verdicts):
                    raise Refused(f"{WRONG_SETTINGS}: only binary classifiers can decide")
                flags.update({name: None for name, flagged in verdicts.items() if flagged})
        return list(flags)

    async def _classify(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.valves.api_key}"} if self.valves.api_key else {}
        timeout = aiohttp.ClientTimeout(total=self.valves.timeout)
        try:
            async with (
                aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
                session.post(f"{self.valves.url.rstrip('/')}/v1/classify", json=body) as answer,
            ):
                status, content = answer.status, json_of(await answer.read())
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise Refused(f"{WRONG_SETTINGS}: url cannot be called") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        results = content.get("results")
        if status == 200 and isinstance(results, list):
            return results
        said = content.get("error")
        message = said.get("message") if isinstance(said, dict) else None
        if status >= 500 or status in NOT_NOW:
            raise Unavailable(f"status {status}: {message}")
        # without a message it is a page, or another program's answer
        wrong = message or f"url does not lead to a scopesift service (status {status})"
        raise Refused(f"{WRONG_SETTINGS}: {wrong}")


def checked_url(url: str) -> str:
    """The service's address without white space around it.

    Raises:
        Refused: It is no address that can be called. Open WebUI shows it when the settings are saved, and to the user
            if they were saved before; pydantic would wrap a ValueError in lines about itself.
    """
    url = url.strip()
    try:
        parts = URL(url)
        host = (parts.raw_host or "").encode("idna")  # what the resolver does with it
        sound = parts.scheme in ("http", "https") and host and parts.port and url.split() == [url]
        # what is called is the address with a path added
        sound = sound and "//" not in parts.path and not (parts.query_string or parts.fragment)
    except ValueError:
        sound = False
    if not sound:
        expected = "http or https, a host, a port up to 65535, such as http://127.0.0.1:3000"
        raise Refused(f"{WRONG_SETTINGS}: url must have {expected}, got {url!r}")
    return url


def parse_thresholds(thresholds: str) -> dict[str, float]:
    """`"toxicity=0.8, threat=0.5"` as a dictionary.

    Raises:
        Refused: With what was expected; see `checked_url`.
    """
    cuts = {}
    for part in thresholds.split(","):
        name, _, cut = part.partition("=")
        if not part.strip():
            continue
        try:
            cuts[name.strip()] = float(cut)
        except ValueError:
            raise Refused(
                f"{WRONG_SETTINGS}: thresholds must be like toxicity=0.8, separated by commas, got {part.strip()!r}"
            ) from None
    return cuts


def json_of(content: bytes) -> dict[str, Any]:
    """An answer's JSON object; an empty one if it is something else."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def text_of(message: dict[str, Any]) -> str:
    """A message's text; of a list of parts the text ones, since images are not read."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or "" for part in content if part.get("type") == "text")


def calls_of(texts: list[str]) -> Iterator[list[str]]:
    """Texts in lists that the service accepts in one call; long texts are cut into pieces that overlap."""
    call: list[str] = []
    size = 0
    for text in texts:
        for start in range(0, max(len(text) - CONTEXT_CHARACTERS, 1), TEXT_CHARACTERS - CONTEXT_CHARACTERS):
            piece = text[start : start + TEXT_CHARACTERS]
            if call and (size + len(piece) > CALL_CHARACTERS or len(call) == CALL_TEXTS):
                yield call
                call, size = [], 0
            call.append(piece)
            size += len(piece)
    if call:
        yield call
