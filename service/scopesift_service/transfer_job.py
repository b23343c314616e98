"""One transfer in a process of its own: `python -m scopesift_service.transfer_job`, JSON in, JSON out.

Apart, so that neither its memory nor its time nor its crash touches the engine that serves. It holds the classifier's
lock from reading the version in use until the new one is active, so that no two transfers lose each other's language.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_classifiers.transfer import transfer
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, ScopesiftError, UsageError

from scopesift_service.load_judge import load_classifiers
from scopesift_service.registry import BusyError, Registry
from scopesift_service.request_log import start_logging
from scopesift_service.settings import ServiceSettings, settings

LOCK_SECONDS = 5.0
NICENESS = 5
log = logging.getLogger("scopesift.transfer")


def main() -> None:
    """Read the job from stdin, and write its result or its error to stdout."""
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
    """Transfer, store, activate.

    Args:
        job: name, lang, texts, labels.
        chosen: Names scope, classifiers and state folder.

    Raises:
        BusyError: Another transfer of the same classifier is under way.
        InputError, UsageError: Examples that nothing can be fitted on.
        ScopesiftError: Scope or state folder cannot be used.
    """
    if chosen.state is None:
        raise UsageError("there is no state folder; set SCOPESIFT_STATE")
    name, lang, texts = job["name"], job["lang"], job["texts"]
    registry = Registry(chosen.state)
    with registry.lock(name, seconds=LOCK_SECONDS):
        registry.remove_leftovers(name)
        scope = Scope.load(chosen.scope, device=chosen.device)
        base = _in_use(
            registry, {item.name: item for item in load_classifiers(scope, chosen.classifiers)}[name]
        )
        few = LabelledText(texts, job["labels"], [lang] * len(texts), [None] * len(texts), origin="examples")
        found = transfer(base, scope, few, lang)
        made = found.classifier
        registry.store(name, made.version, made.to_json())
        registry.activate(name, made.version)
    chosen_row = next(row for row in found.strategies if row["name"] == found.chosen)
    return {
        "name": name,
        "version": made.version,
        "base_version": base.version,
        "lang": lang,
        "active": True,
        "chosen": found.chosen,
        "strategies": found.strategies,
        "quality": {"cross_validated": chosen_row, "examples": len(texts)},
    }


def _in_use(registry: Registry, start: Classifier) -> Classifier:
    version = registry.active(start.name)
    if version is None:
        registry.store(start.name, start.version, start.to_json())
        return start
    return Classifier.load(registry.path(start.name, version))


if __name__ == "__main__":
    main()
