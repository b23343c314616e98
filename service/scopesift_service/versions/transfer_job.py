"""One transfer in its own process: `python -m scopesift_service.versions.transfer_job`, JSON in, JSON out.

A separate process, so that its memory, time or crash don't affect the engine. It holds the classifier's lock from
reading the version in use until the new one is active, so that concurrent transfers don't overwrite each other.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.unlabelled import UnlabelledText
from scopesift_classifiers.transfer.transfer import transfer
from scopesift_classifiers.transfer.unlabelled import MOVED_CUT, move_cut
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, ScopesiftError, UsageError

from scopesift_service.request_log import start_logging
from scopesift_service.settings import ServiceSettings, settings
from scopesift_service.versions.registry import BusyError, Registry
from scopesift_service.versions.starting import load_classifiers
from scopesift_service.versions.suggestions import Suggestions, SuggestionsError

LOCK_SECONDS = 5.0
NICENESS = 5
log = logging.getLogger("scopesift.transfer")


def main() -> None:
    """Read the job from stdin, and write the result or an error to stdout."""
    os.nice(NICENESS)
    start_logging(settings().log_level)
    job = json.load(sys.stdin)
    try:
        result = run(job, settings())
    except BusyError as error:
        result = {"error": {"status": 409, "message": str(error)}}
    except (InputError, UsageError) as error:
        result = {"error": {"status": 422, "message": str(error)}}
    except ScopesiftError as error:
        log.error("a transfer failed", extra={"classifier": job["name"], "reason": str(error)})
        result = {"error": {"status": 500, "message": ""}}
    except Exception:
        log.exception("a transfer failed", extra={"classifier": job["name"]})
        result = {"error": {"status": 500, "message": ""}}
    sys.stdout.write(json.dumps(result))


def run(job: dict[str, Any], chosen: ServiceSettings) -> dict[str, Any]:
    """Transfer; store and activate the new version unless it is a dry run.

    Args:
        job: name, lang, texts, labels (or None), positive_share (without labels), dry_run, and suggested_until if the
            examples are stored suggestions.
        chosen: Names scope, classifiers and state folder.

    Raises:
        BusyError: Another transfer of the same classifier is running.
        InputError, UsageError: Nothing can be fitted on the examples.
        ScopesiftError: Scope or state folder can't be used.
    """
    if chosen.state is None:
        raise UsageError("there is no state folder; set SCOPESIFT_STATE")
    name = job["name"]
    registry = Registry(chosen.state)
    if job["dry_run"]:
        scope, base = _load(registry, name, chosen)
        made, told = _made(base, scope, job)
        return _told(made, told, job, base.version, active=False)
    with registry.lock(name, seconds=LOCK_SECONDS):
        registry.remove_leftovers(name)
        scope, base = _load(registry, name, chosen)
        if registry.active(name) is None:
            registry.store(name, base.version, base.to_json())
            registry.activate(name, base.version)
        made, told = _made(base, scope, job)
        registry.store(name, made.version, made.to_json())
        before = registry.activate(name, made.version)
        if job["suggested_until"] is not None:
            _mark_taken(Suggestions(registry.home(name), chosen.max_suggestions), job)
    return _told(made, told, job, before, active=True)


def _mark_taken(suggestions: Suggestions, job: dict[str, Any]) -> None:
    try:
        suggestions.mark_taken(job["lang"], job["suggested_until"])
    except SuggestionsError as error:
        # the new version is in use; only the count of new suggestions stays too high
        log.error(
            "suggestions are not marked as taken", extra={"classifier": job["name"], "reason": str(error)}
        )


def _load(registry: Registry, name: str, chosen: ServiceSettings) -> tuple[Scope, Classifier]:
    """The scope, and the version of the classifier that is in use."""
    scope = Scope.load(chosen.scope, device=chosen.device)
    version = registry.active(name)
    if version is not None:
        return scope, Classifier.load(registry.path(name, version))
    return scope, {item.name: item for item in load_classifiers(scope, chosen.classifiers)}[name]


def _made(base: Classifier, scope: Scope, job: dict[str, Any]) -> tuple[Classifier, dict[str, Any]]:
    """The new version, and what the response says of how it was made."""
    lang, texts = job["lang"], job["texts"]
    if job["labels"] is None:
        unlabelled = UnlabelledText(texts, "unlabelled")
        moved = move_cut(base, scope, unlabelled, lang, positive_share=job["positive_share"])
        return moved.classifier, {
            "chosen": MOVED_CUT,
            "strategies": [],
            "replaced": None,
            "warning": None,
            "quality": {MOVED_CUT: moved.to_dict(), "examples": len(texts)},
        }
    origin = "examples" if job["suggested_until"] is None else f"the suggestions in {lang}"
    few = LabelledText(texts, job["labels"], [lang] * len(texts), [None] * len(texts), origin=origin)
    found = transfer(base, scope, few, lang)
    chosen = next(row for row in found.strategies if row["name"] == found.chosen)
    return found.classifier, {
        "chosen": found.chosen,
        "strategies": found.strategies,
        "replaced": found.replaced,
        "warning": found.warning,
        "quality": {"cross_validated": chosen, "examples": len(few)},
    }


def _told(
    made: Classifier, told: dict[str, Any], job: dict[str, Any], before: str | None, *, active: bool
) -> dict[str, Any]:
    """The response of the route."""
    return {
        "name": job["name"],
        "version": made.version,
        "base_version": before,
        "lang": job["lang"],
        "active": active,
        **told,
    }


if __name__ == "__main__":
    main()
