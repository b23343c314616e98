"""The service's settings from environment variables, read once per process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_files.errors import UsageError

from scopesift_service.admin_tokens import MAKE_ONE, UNNAMED, long_enough, named_tokens
from scopesift_service.label_table import LabelTable
from scopesift_service.published_names import OPENAI_CATEGORIES

PREFIX = "SCOPESIFT_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
REFUSE, OMIT = "refuse", "omit"
ON, OFF = "on", "off"
ATTRIBUTES_SETTING = f"{PREFIX}PERSPECTIVE_ATTRIBUTES"
MISSING_SETTING = f"{PREFIX}PERSPECTIVE_MISSING"
CATEGORIES_SETTING = f"{PREFIX}OPENAI_CATEGORIES"
BACKEND_SETTING = f"{PREFIX}BACKEND"
STEERING_SETTING = f"{PREFIX}STEERING"
TOKEN_SETTING, TOKENS_SETTING = f"{PREFIX}ADMIN_TOKEN", f"{PREFIX}ADMIN_TOKENS"


@dataclass(frozen=True)
class ServiceSettings:
    """Settings as listed in docs/service.md; secrets are left out of the repr.

    Attributes:
        scope: Scope name or folder.
        classifiers: Names or artifact files; empty: all bundled.
        device: A torch device; None: a GPU if there is one.
        backend: What reads texts, "torch" or "onnx"; None: see `scopesift_classifiers.judging.backend`.
        head: What encodes behind torch's backbone, "torch" or "onnx"; None: torch.
        state: Folder of the versions made by transfer and of suggestions; None: both are off.
        admin_token: Allows to change classifiers and to steer; its holder has no name.
        admin_tokens: The same by the names of their holders; without any admin token both are off.
        api_keys: Accepted keys; empty: no key is needed.
        max_body_bytes, max_texts, max_characters, max_call_characters, max_examples: Limits of one call.
        max_suggestions: Suggestions kept of a classifier; beyond it the oldest are deleted.
        max_concurrency: Calls in flight per API worker.
        max_queued_tokens: Tokens in flight per engine process.
        max_wait: An engine rejects calls if its queue is longer than so many seconds at the current throughput.
        timeout, transfer_timeout, steering_timeout: Seconds.
        workers, api_workers: Engine processes and HTTP processes.
        batch_tokens: Tokens of the texts that an engine takes from its queue at once.
        log_level: Of the log on stderr.
        otel_endpoint: OTLP/HTTP collector; None: no traces.
        public_url: Root URL in the discovery and OpenAPI documents; None: from the Host header.
        perspective_attributes: Attributes besides the upper-cased names of binary classifiers.
        perspective_missing: "refuse" or "omit" the attributes that Perspective has and no classifier assesses.
        openai_categories: Which of OpenAI's categories classifiers assess.
        steering: "on" or "off": whether text can be generated with features changed.
    """

    scope: str = DEFAULT_SCOPE
    classifiers: tuple[str, ...] = ()
    device: str | None = None
    backend: str | None = None
    head: str | None = None
    state: Path | None = None
    admin_token: str | None = field(default=None, repr=False)
    admin_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    max_body_bytes: int = 1 << 20
    max_texts: int = 64
    max_characters: int = 20480
    max_call_characters: int = 65_536
    max_examples: int = 500
    max_suggestions: int = 10_000
    max_concurrency: int = 64
    max_queued_tokens: int = 65_536
    max_wait: float = 1.5
    timeout: float = 30.0
    transfer_timeout: float = 600.0
    steering_timeout: float = 300.0
    workers: int = 1
    api_workers: int = 1
    batch_tokens: int = 4096
    log_level: str = "INFO"
    otel_endpoint: str | None = None
    public_url: str | None = None
    perspective_attributes: LabelTable = field(default_factory=LabelTable)
    perspective_missing: str = REFUSE
    openai_categories: LabelTable = field(default_factory=LabelTable)
    steering: str = OFF

    @property
    def admins(self) -> dict[str, str]:
        """All admin tokens by the names of their holders."""
        unnamed = {} if self.admin_token is None else {UNNAMED: self.admin_token}
        return {**unnamed, **self.admin_tokens}

    @property
    def transfer_enabled(self) -> bool:
        """Whether a state folder and an admin token are set."""
        return self.state is not None and bool(self.admins)

    @property
    def steering_enabled(self) -> bool:
        """Whether steering is on and an admin token is set."""
        return self.steering == ON and bool(self.admins)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> ServiceSettings:
        """Read the settings; an empty variable counts as unset.

        Raises:
            UsageError: An invalid value, an unknown SCOPESIFT_ variable, or steering without an admin token.
        """
        given = {
            name[len(PREFIX) :].lower(): value.strip()
            for name, value in environ.items()
            if name.startswith(PREFIX) and value.strip()
        }
        replaced = sorted(set(given) & set(_REPLACED))
        if replaced:
            raise UsageError(
                f"{PREFIX}{replaced[0].upper()} is no setting any more: what is in flight is counted in tokens; "
                f"set {PREFIX}{_REPLACED[replaced[0]].upper()}"
            )
        known = {*cls.__dataclass_fields__, *_OTHERS}
        unknown = sorted(name for name in set(given) - known if not _KUBERNETES.search(name))
        if unknown:
            raise UsageError(f"unknown setting {PREFIX}{unknown[0].upper()}; see docs/service.md")
        defaults = cls()
        numbers = {
            name: _number(name, text, type(getattr(defaults, name)))
            for name, text in given.items()
            if isinstance(getattr(defaults, name, None), int | float)
        }
        token = long_enough(TOKEN_SETTING, given["admin_token"]) if "admin_token" in given else None
        tokens = named_tokens(TOKENS_SETTING, given.get("admin_tokens", ""))
        if token in tokens.values():
            raise UsageError(f"{TOKEN_SETTING} is also in {TOKENS_SETTING}; {MAKE_ONE} for each")
        steering = _one_of("steering", given.get("steering", OFF), (ON, OFF))
        if steering == ON and not (token or tokens):
            raise UsageError(f"{STEERING_SETTING}=on needs {TOKEN_SETTING}; {MAKE_ONE}")
        return cls(
            **numbers,  # type: ignore[arg-type]
            scope=given.get("scope", defaults.scope),
            classifiers=_list(given.get("classifiers")),
            device=given.get("device"),
            backend=given.get("backend"),
            head=given.get("head"),
            state=Path(given["state"]).expanduser() if "state" in given else None,
            admin_token=token,
            admin_tokens=tokens,
            api_keys=_list(given.get("api_keys")),
            log_level=_one_of("log_level", given.get("log_level", defaults.log_level).upper(), LOG_LEVELS),
            otel_endpoint=_url("otel_endpoint", given.get("otel_endpoint")),
            public_url=_url("public_url", given.get("public_url")),
            perspective_attributes=_upper_case(
                ATTRIBUTES_SETTING,
                LabelTable.parse(ATTRIBUTES_SETTING, given.get("perspective_attributes", "")),
            ),
            perspective_missing=_one_of(
                "perspective_missing", given.get("perspective_missing", REFUSE), (REFUSE, OMIT)
            ),
            openai_categories=LabelTable.parse(
                CATEGORIES_SETTING, given.get("openai_categories", ""), OPENAI_CATEGORIES
            ),
            steering=steering,
        )


_REPLACED = {"max_queued_characters": "max_queued_tokens", "batch_texts": "batch_tokens"}
# read by other parts of scopesift, not by the service
_OTHERS = frozenset({"cache", "onnx_provider"})
# Kubernetes sets such variables in all containers of a namespace with a Service named scopesift
_KUBERNETES = re.compile(r"(^|_)(service_(host|port)|port)(_|$)")


@lru_cache(maxsize=1)
def settings() -> ServiceSettings:
    """The settings of this process."""
    return ServiceSettings.from_env(os.environ)


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _number(name: str, text: str, kind: type) -> int | float:
    try:
        value: int | float = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        wanted = "a whole number" if kind is int else "a number"
        raise UsageError(f"{PREFIX}{name.upper()} must be {wanted} above 0, got {text!r}")
    return value


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise UsageError(f"{PREFIX}{name.upper()} must be one of {', '.join(allowed)}, got {value!r}")
    return value


def _upper_case(setting: str, table: LabelTable) -> LabelTable:
    """The table, whose names clients write as Perspective does."""
    for name in table.sources:
        if name != name.upper():
            raise UsageError(
                f"{setting} has {name!r}, but Perspective's names are upper case; write {name.upper()}"
            )
    return table


def _url(name: str, url: str | None) -> str | None:
    if url is not None and not url.startswith(("http://", "https://")):
        raise UsageError(f"{PREFIX}{name.upper()} must start with http:// or https://, got {url!r}")
    return url.rstrip("/") if url else None
