"""Schema of a bundle of results, checked before writing and after reading.

Strings are names, hashes, versions and hardware only; no key accepts a text, a path or a host name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scopesift_files.errors import InputError

from scopesift_classifiers.studies.reproduction import METRICS

FORMAT, VERSION = "scopesift-reproduction", 1

_SHOWN = 60


@dataclass(frozen=True)
class Number:
    """A finite number within bounds.

    Attributes:
        low, high: The bounds, both allowed.
        whole: Whether it is an integer.
        optional: Whether null is allowed for "unknown".
    """

    low: float = 0.0
    high: float = math.inf
    whole: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Each:
    """A non-empty object with keys of one pattern and values of one shape."""

    key: re.Pattern[str]
    value: Any


NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
"""A scope's or a hub's id; excludes paths, except relative ones of two parts."""
REVISION = re.compile(r"[\w.-]{0,100}", re.ASCII)
SAE_FILE = re.compile(r"layer\d{1,4}\.sae\.pt", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_DEVICE = re.compile(r"[a-z]+(:\d+)?", re.ASCII)
_VERSION = re.compile(r"[\w.+-]{1,80}", re.ASCII)
HARDWARE = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")

_COUNT, _SHARE, _BYTES = Number(whole=True), Number(0, 1), Number(whole=True, optional=True)
_METRICS = dict.fromkeys(METRICS, _SHARE)
_CHOICE = {"layer": _COUNT, "k": _COUNT, "features": [_COUNT], **_METRICS}
_LAYERS = {"m": _COUNT, "layers": [_COUNT], "features": [_COUNT], **_METRICS}
_BOTH = {"report": _CHOICE, "ours": _CHOICE}
_OF_LANGUAGE = {
    "rows": {"discovery": _COUNT, "dev": _COUNT, "test": _COUNT},
    "top1": Each(_NUMBER, Number(-1, 1)),
    "report_by_k": Each(_NUMBER, _CHOICE),
    "top1_diff": Each(_NUMBER, _CHOICE),
    "multi_layer": {"report": _LAYERS, "ours": _LAYERS},
    "always_toxic": _METRICS,
    "tenth": {"rows": _COUNT, "report": [_SHARE], "ours": [_SHARE]},
    "from_en": _BOTH,
    **_BOTH,
}
_MACRO = (
    "report_f1",
    "report_f1_at_tenth",
    "report_kept_at_tenth",
    "ours_macro_f1",
    "ours_macro_f1_at_tenth",
    "ours_kept_at_tenth",
    "always_toxic_f1",
)
BUNDLE: dict[str, Any] = {
    "format": re.compile(re.escape(FORMAT)),
    "version": Number(VERSION, VERSION, whole=True),
    "made": _DATE,
    "versions": Each(re.compile(r"[a-z]{2,20}"), _VERSION),
    "machine": {
        "system": HARDWARE,
        "processor": HARDWARE,
        "cores": _COUNT,
        "gpus": [HARDWARE],
    },
    "run": {
        "device": _DEVICE,
        "texts": _COUNT,
        "seconds": Number(),
        "peak_memory_bytes": _BYTES,
        "peak_gpu_memory_bytes": _BYTES,
    },
    "scope": {
        "id": NAME,
        "backbone": NAME,
        "backbone_revision": REVISION,
        "sae": NAME,
        "sae_revision": REVISION,
        "sha256": _SHA256,
        "settings": dict,  # ReadingSettings checks it
        "files": dict,  # names of SAE files and their hashes; empty for SAEs that were not converted
    },
    "data": Each(_LANGUAGE, [{"bytes": _COUNT, "sha256": _SHA256}]),
    "results": {
        "study": re.compile(r"[a-z-]{1,40}"),
        "layers": [_COUNT],
        "norm_bounds": [Number()],
        "k": [_COUNT],
        "source": _LANGUAGE,
        "languages": Each(_LANGUAGE, _OF_LANGUAGE),
        "macro": dict.fromkeys(_MACRO, Number()),
    },
    "sha256": _SHA256,
}
FILES = Each(SAE_FILE, _SHA256)


def check_shape(value: Any, shape: Any, at: str) -> None:
    """Check that a JSON value has a shape: a dict of keys, `Each`, a list of one shape, a pattern or a `Number`.

    Raises:
        InputError: It has not; the message has the key, the expected and the actual value.
    """
    if isinstance(shape, dict):
        _check_object(value, at)
        missing, unknown = sorted(shape.keys() - value.keys()), sorted(value.keys() - shape.keys())
        if missing or unknown:
            what = f"{missing[0]!r} is missing" if missing else f"{_short(unknown[0])} is unknown"
            raise InputError(f"{at}: expected the keys {', '.join(shape)}; {what}")
        for key, inner in shape.items():
            check_shape(value[key], inner, f"{at}.{key}")
    elif isinstance(shape, Each):
        _check_object(value, at)
        wrong = [key for key in value if not shape.key.fullmatch(key)]
        if wrong or not value:
            raise InputError(
                f"{at}: expected keys such as {shape.key.pattern}, got {_short([*wrong, None][0])}"
            )
        for key, inner in value.items():
            check_shape(inner, shape.value, f"{at}.{key}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise InputError(f"{at}: expected a list, got {_short(value)}")
        for place, inner in enumerate(value):
            check_shape(inner, shape[0], f"{at}[{place}]")
    elif isinstance(shape, re.Pattern):
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise InputError(f"{at}: expected {shape.pattern}, got {_short(value)}")
    elif isinstance(shape, Number):
        _check_number(value, shape, at)
    else:
        _check_object(value, at)


def _check_object(value: Any, at: str) -> None:
    if not isinstance(value, Mapping):
        raise InputError(f"{at}: expected an object, got {_short(value)}")


def _check_number(value: Any, shape: Number, at: str) -> None:
    if value is None and shape.optional:
        return
    kinds = (int,) if shape.whole else (int, float)
    plain = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not plain or not shape.low <= value <= shape.high:
        kind = "a whole number" if shape.whole else "a number"
        raise InputError(f"{at}: expected {kind} from {shape.low:g} to {shape.high:g}, got {_short(value)}")


def _short(value: Any) -> str:
    shown = ascii(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
