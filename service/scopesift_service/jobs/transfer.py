"""One transfer: `python -m scopesift_service.jobs.transfer`.

It holds the classifier's lock from reading the version in use until the new one is active, so that concurrent transfers
don't overwrite each other.
"""

from __future__ import annotations

import logging
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.loading import in_precision_of
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.unlabelled import UnlabelledText
from scopesift_classifiers.transfer.transfer import transfer
from scopesift_classifiers.transfer.unlabelled import MOVED_CUT, move_cut
from scopesift_features.scope import Scope

from scopesift_service.jobs.process import TRANSFER, answer_job
from scopesift_service.jobs.version_change import version_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import Action
from scopesift_service.versions.new_version import new_version, state_of
from scopesift_service.versions.progress import Stage, Tell, nobody_listens
from scopesift_service.versions.starting import classifier_in_use
from scopesift_service.versions.suggestions import Suggestions, SuggestionsError

log = logging.getLogger("scopesift.transfer")


def run(job: dict[str, Any], chosen: ServiceSettings, tell: Tell = nobody_listens) -> dict[str, Any]:
    """Transfer; store the new version unless it is a dry run, and activate it unless it is to be a draft.

    Args:
        job: action, name, who, lang, texts, labels (or None), positive_share (without labels), dry_run, activate, and
            suggested_until if the examples are stored suggestions.
        chosen: Names scope, classifiers and state folder.
        tell: Is told how far it is.

    Raises:
        AuditError: The change can't be recorded, and is not made.
        BusyError: Another change of the same classifier is being made.
        InputError, UsageError: Nothing can be fitted on the examples.
        ScopesiftError: Scope or state folder can't be used.
    """
    tell(Stage.LOADING)
    state = state_of(chosen)
    scope = Scope.load(chosen.scope, device=chosen.device)
    name = job["name"]
    if job["dry_run"]:
        base = classifier_in_use(name, scope, chosen)
        made, told = _made(base, scope, job, tell)
        return _told(made, told, job, base.version, active=False)
    with new_version(name, scope, chosen, Action.TRANSFER, job["who"]) as change:
        made, told = _made(change.base, scope, job, tell)
        tell(Stage.STORING)
        before = change.keep(made, _about(job), activate=job["activate"])
        if job["activate"] and job["suggested_until"] is not None:
            _mark_taken(Suggestions(state.home(name), chosen.max_suggestions), job)
    return _told(made, told, job, before, active=job["activate"])


def _about(job: dict[str, Any]) -> dict[str, Any]:
    """What the audit trail says of it."""
    suggested = {} if job["suggested_until"] is None else {"suggested": True}
    return {
        "lang": job["lang"],
        "examples": len(job["texts"]),
        "labelled": job["labels"] is not None,
        **suggested,
    }


def _mark_taken(suggestions: Suggestions, job: dict[str, Any]) -> None:
    try:
        suggestions.mark_taken(job["lang"], job["suggested_until"])
    except SuggestionsError as error:
        # the new version is in use; only the count of new suggestions stays too high
        log.error(
            "suggestions are not marked as taken", extra={"classifier": job["name"], "reason": str(error)}
        )


def _made(
    base: Classifier, scope: Scope, job: dict[str, Any], tell: Tell
) -> tuple[Classifier, dict[str, Any]]:
    """The new version, and what the response says of how it was made."""
    lang, texts, scope = job["lang"], job["texts"], in_precision_of([base], scope)

    def read(done: int, of: int) -> None:
        tell(Stage.READING, done, of)

    if job["labels"] is None:
        unlabelled = UnlabelledText(texts, "unlabelled")
        moved = move_cut(
            base, scope, unlabelled, lang, positive_share=job["positive_share"], on_progress=read
        )
        return moved.classifier, {
            "chosen": MOVED_CUT,
            "strategies": [],
            "replaced": None,
            "warning": None,
            "quality": {MOVED_CUT: moved.to_dict(), "examples": len(texts)},
        }
    origin = "examples" if job["suggested_until"] is None else f"the suggestions in {lang}"
    few = LabelledText(texts, job["labels"], [lang] * len(texts), [None] * len(texts), origin=origin)
    found = transfer(
        base, scope, few, lang,
        on_progress=read,
        on_strategy=lambda done, of: tell(Stage.CHOOSING, done, of),
        on_stage=lambda stage: tell(Stage(stage)),
    )  # fmt: skip
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
    answer_job(TRANSFER, version_job(run))
