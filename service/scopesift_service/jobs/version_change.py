"""What jobs that make a version have in common: they tell how far they are, and what their caller can mend."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from scopesift_files.errors import InputError, UsageError

from scopesift_service.http.errors import ServiceError
from scopesift_service.jobs.process import Run
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import UNRECORDED, AuditError
from scopesift_service.versions.new_version import state_of
from scopesift_service.versions.progress import Tell, telling
from scopesift_service.versions.registry import BusyError

MakeVersion = Callable[[dict[str, Any], ServiceSettings, Tell], dict[str, Any]]
log = logging.getLogger("scopesift.versions")


def version_job(make: MakeVersion) -> Run:
    """A job from a function that makes a version; its job has an action, a name and who asked."""

    def run(job: dict[str, Any], chosen: ServiceSettings) -> dict[str, Any]:
        try:
            home = state_of(chosen).home(job["name"])
            with telling(home, job["action"], job["who"]) as tell:
                return make(job, chosen, tell)
        except BusyError as error:
            raise ServiceError(409, str(error)) from None
        except AuditError as error:
            log.error("a change is refused", extra={"classifier": job["name"], "reason": str(error)})
            raise ServiceError(503, UNRECORDED) from None
        except (InputError, UsageError) as error:
            raise ServiceError(422, str(error)) from None

    return run
