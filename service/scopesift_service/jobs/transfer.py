"""One transfer: `python -m scopesift_service.jobs.transfer`.

It holds the classifier's lock from reading the version in use until the new one is active, so that concurrent transfers
don't overwrite each other.
"""

from __future__ import annotations

import logging
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.unlabelled import UnlabelledText
from scopesift_classifiers.transfer.transfer import transfer
from scopesift_classifiers.transfer.unlabelled import MOVED_CUT, move_cut
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, UsageError

from scopesift_service.http.errors import ServiceError
from scopesift_service.jobs.process import TRANSFER, answer_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import UNRECORDED, Action, AuditError, AuditLog, Change
from scopesift_service.versions.registry import BusyError, Registry
from scopesift_service.versions.starting import classifier_in_use
from scopesift_service.versions.suggestions import Suggestions, SuggestionsError

LOCK_SECONDS = 5.0
log = logging.getLogger("scopesift.transfer")


def run(job: dict[str, Any], chosen: ServiceSettings) -> dict[str, Any]:
    """Transfer; store the new version unless it is a dry run, and activate it unless it is to be a draft.

    Args:
        job: name, who, lang, texts, labels (or None), positive_share (without labels), dry_run, activate, and
            suggested_until if the examples are stored suggestions.
        chosen: Names scope, classifiers and state folder.

    Raises:
        AuditError: The change can't be recorded, and is not made.
        BusyError: Another transfer of the same classifier is running.
        InputError, UsageError: Nothing can be fitted on the examples.
        ScopesiftError: Scope or state folder can't be used.
    """
    if chosen.state is None:
        raise UsageError("there is no state folder; set SCOPESIFT_STATE")
    name = job["name"]
    registry = Registry(chosen.state)
    scope = Scope.load(chosen.scope, device=chosen.device)
    if job["dry_run"]:
        base = classifier_in_use(name, scope, chosen)
        made, told = _made(base, scope, job)
        return _told(made, told, job, base.version, active=False)
    with registry.lock(name, seconds=LOCK_SECONDS):
        registry.remove_leftovers(name)
        base = classifier_in_use(name, scope, chosen)
        if registry.active(name) is None:
            registry.store(name, base.version, base.to_json())
            registry.activate(name, base.version)
        made, told = _made(base, scope, job)
        _record(AuditLog(chosen.state), job, made, base)
        registry.store(name, made.version, made.to_json())
        if not job["activate"]:
            return _told(made, told, job, base.version, active=False)
        before = registry.activate(name, made.version)
        if job["suggested_until"] is not None:
            _mark_taken(Suggestions(registry.home(name), chosen.max_suggestions), job)
    return _told(made, told, job, before, active=True)


def _record(audit: AuditLog, job: dict[str, Any], made: Classifier, base: Classifier) -> None:
    about = {"lang": job["lang"], "examples": len(job["texts"]), "labelled": job["labels"] is not None}
    if job["suggested_until"] is not None:
        about["suggested"] = True
    if made.version != base.version:
        action = Action.TRANSFER if job["activate"] else Action.DRAFT
        audit.append(Change(job["who"], action, job["name"], made.version, base.version, about))


def _mark_taken(suggestions: Suggestions, job: dict[str, Any]) -> None:
    try:
        suggestions.mark_taken(job["lang"], job["suggested_until"])
    except SuggestionsError as error:
        # the new version is in use; only the count of new suggestions stays too high
        log.error(
            "suggestions are not marked as taken", extra={"classifier": job["name"], "reason": str(error)}
        )


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


def _run(job: dict[str, Any], chosen: ServiceSettings) -> dict[str, Any]:
    """`run` with what its caller can mend as the route's errors."""
    try:
        return run(job, chosen)
    except BusyError as error:
        raise ServiceError(409, str(error)) from None
    except AuditError as error:
        log.error("a transfer is refused", extra={"classifier": job["name"], "reason": str(error)})
        raise ServiceError(503, UNRECORDED) from None
    except (InputError, UsageError) as error:
        raise ServiceError(422, str(error)) from None


if __name__ == "__main__":
    answer_job(TRANSFER, _run)
