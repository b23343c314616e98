"""Parsing of the bodies of transfer and activate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.classifiers.example_rows import check_number, labelled_texts, parse_outcome
from scopesift_service.apis.text_checks import check_text
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import check_fields
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import VERSION

LANG_PATTERN = "[a-z]{2,3}"
LANG = re.compile(LANG_PATTERN + r"\Z", re.ASCII)
SUGGESTED = "suggested"
TRANSFER_FIELDS = frozenset({"lang", "examples", "unlabelled", "positive_share", "dry_run", "activate"})
ACTIVATE_FIELDS = frozenset({"version"})


@dataclass(frozen=True)
class Examples:
    """Texts of one language.

    Attributes:
        lang: The language's code.
        texts: N texts; none if the stored suggestions are asked for.
        labels: N labels; None: the texts have none, and only the cut is moved.
        positive_share: Without labels: share of the texts to flag; None: that of the classifier's fit.
        dry_run: Whether to measure the new version only, without storing or activating it.
        activate: Whether the new version is used from now on; if not, it is stored as a draft.
        suggested_until: If they are stored suggestions, the id of the newest.
    """

    lang: str
    texts: list[str]
    labels: list[str] | None
    positive_share: float | None
    dry_run: bool
    activate: bool = True
    suggested_until: int | None = None

    @property
    def asks_for_suggestions(self) -> bool:
        """Whether the stored suggestions are to be its examples."""
        return not self.texts


def parse_examples(content: dict[str, Any], limits: ServiceSettings) -> Examples:
    """Read the body of a transfer; null counts as left out.

    Raises:
        ServiceError: 400 or 413.
    """
    check_fields(content, TRANSFER_FIELDS)
    lang = content.get("lang")
    if not isinstance(lang, str) or not LANG.match(lang):
        raise ServiceError(400, "lang must be a language's code such as de", param="lang")
    given = [name for name in ("examples", "unlabelled") if content.get(name) is not None]
    if len(given) != 1:
        raise ServiceError(
            400, f"expected one of examples and unlabelled, got {len(given)} of them", param="examples"
        )
    (name,) = given
    rows = content[name]
    dry_run, activate = parse_outcome(content)
    share = _share(content.get("positive_share"), name)
    if name == "examples" and rows == SUGGESTED:
        return Examples(lang, [], [], None, dry_run, activate)
    if not isinstance(rows, list) or not rows:
        form = '{"text": "…", "label": "…"}' if name == "examples" else "texts"
        other = f", or {SUGGESTED!r}" if name == "examples" else ""
        raise ServiceError(400, f"{name} must be a list of {form}, not empty{other}", param=name)
    check_number(rows, name, limits)
    if name == "unlabelled":
        bare = [check_text(text, f"unlabelled[{index}]", limits) for index, text in enumerate(rows)]
        return Examples(lang, bare, None, share, dry_run, activate)
    texts, labels = labelled_texts(rows, limits)
    return Examples(lang, texts, labels, None, dry_run, activate)


def parse_version(content: dict[str, Any]) -> str:
    """Read the body of an activation.

    Raises:
        ServiceError: 400.
    """
    check_fields(content, ACTIVATE_FIELDS)
    version = content.get("version")
    if not isinstance(version, str) or not VERSION.match(version):
        raise ServiceError(400, "version must be 12 hexadecimal digits", param="version")
    return version


def _share(value: Any, name: str) -> float | None:
    """The share of positive texts, which only unlabelled texts may have."""
    if value is None:
        return None
    if name != "unlabelled":
        raise ServiceError(
            400, "positive_share is for unlabelled texts; leave it out", param="positive_share"
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ServiceError(400, "positive_share must be a number between 0 and 1", param="positive_share")
    return float(value)
