"""One change of a feature by hand: `python -m scopesift_service.jobs.edit`; it is named, or muted.

Without examples to compare on, no model is loaded.
"""

from __future__ import annotations

from typing import Any

from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.editing.comparison import compare_versions
from scopesift_classifiers.editing.muting import rules_that_read, without_feature
from scopesift_classifiers.editing.naming import spelled, with_given_name
from scopesift_classifiers.judging.loading import in_precision_of, load_classifiers
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_features.scope import Scope

from scopesift_service.jobs.process import EDIT, answer_job
from scopesift_service.jobs.version_change import version_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import Action
from scopesift_service.versions.new_version import new_version
from scopesift_service.versions.progress import Stage, Tell, nobody_listens
from scopesift_service.versions.starting import classifier_in_use


def run(job: dict[str, Any], chosen: ServiceSettings, tell: Tell = nobody_listens) -> dict[str, Any]:
    """Name or mute a feature; store the new version unless it is a dry run, and use it unless it is to be a draft.

    Args:
        job: action, name, who, layer, index, given_name (of a naming), texts and labels (of a muting, to compare
            on; may be empty), dry_run, activate.
        chosen: Names scope, classifiers and state folder.
        tell: Is told how far it is.

    Raises:
        AuditError: The change can't be recorded, and is not made.
        BusyError: Another change of the same classifier is being made.
        InputError, UsageError: The feature can't be changed so, or a label is unknown.
        ScopesiftError: Scope or state folder can't be used.
    """
    tell(Stage.LOADING)
    scope = Scope.load(chosen.scope, device=chosen.device)
    if job["dry_run"]:
        base = classifier_in_use(job["name"], scope, chosen)
        made, told = _made(base, scope, job, chosen, tell)
        return _told(made, told, job, base.version, active=False)
    action = Action(job["action"])
    with new_version(job["name"], scope, chosen, action, job["who"]) as change:
        made, told = _made(change.base, scope, job, chosen, tell)
        tell(Stage.STORING)
        before = change.keep(made, _about(job), activate=job["activate"])
    return _told(made, told, job, before, active=job["activate"])


def _made(
    base: Classifier, scope: Scope, job: dict[str, Any], chosen: ServiceSettings, tell: Tell
) -> tuple[Classifier, dict[str, Any]]:
    """The new version, and what the response says of it."""
    place = (job["layer"], job["index"])
    told: dict[str, Any] = {"feature": spelled(place), "rules": rules_that_read(base, place)}
    if job["action"] == Action.RENAME:
        return with_given_name(base, place, job["given_name"]), {**told, "given_name": job["given_name"]}
    made = without_feature(base, place)
    compared = None
    if job["texts"]:
        n = len(job["texts"])
        rows = LabelledText(job["texts"], job["labels"], [None] * n, [None] * n, origin="examples")
        compared = compare_versions(
            (base, made), in_precision_of([base], scope), rows,
            others=_language(base, scope, chosen), backend=chosen.backend,
            on_progress=lambda done, of: tell(Stage.COMPARING, done, of),
        )  # fmt: skip
    return made, {**told, "n_features": len(made.features), "calibration": "kept", "compared": compared}


def _language(base: Classifier, scope: Scope, chosen: ServiceSettings) -> list[Classifier]:
    """The language classifier in use, which routes texts to rules; none if it isn't loaded or is itself changed."""
    loaded = {one.name for one in load_classifiers(chosen.classifiers, scope.id)}
    if base.name == LANGUAGE or LANGUAGE not in loaded:
        return []
    return [classifier_in_use(LANGUAGE, scope, chosen)]


def _about(job: dict[str, Any]) -> dict[str, Any]:
    feature = spelled((job["layer"], job["index"]))
    if job["action"] == Action.RENAME:
        return {"feature": feature, "given_name": job["given_name"]}
    return {"feature": feature, "examples": len(job["texts"])}


def _told(
    made: Classifier, told: dict[str, Any], job: dict[str, Any], before: str | None, *, active: bool
) -> dict[str, Any]:
    """The response of the route."""
    about = {"name": job["name"], "version": made.version, "base_version": before, "active": active}
    return {**about, **told}


if __name__ == "__main__":
    answer_job(EDIT, version_job(run))
