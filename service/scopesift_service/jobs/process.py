"""A job in a process of its own, JSON in, JSON out: how it is run, and what runs in it.

A separate process, so that a job's memory, time or crash don't affect the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from scopesift_files.errors import ScopesiftError

from scopesift_service.http.errors import ServiceError
from scopesift_service.request_log import start_logging
from scopesift_service.settings import ServiceSettings, settings

NICENESS = 5
SPARE_SECONDS = 10
"""What a route that waits for a job allows beside the job's own limit."""
Run = Callable[[dict[str, Any], ServiceSettings], dict[str, Any]]
log = logging.getLogger("scopesift.jobs")


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        noun: What it is called in messages.
        module: Its program, which calls `answer_job`.
        remedy: What to do if one takes too long.
        needs_torch: Whether it does nothing without torch.
    """

    noun: str
    module: str
    remedy: str
    needs_torch: bool = True


TRANSFER = Kind("transfer", "scopesift_service.jobs.transfer", "send fewer examples")
STEERING = Kind("steering", "scopesift_service.jobs.steering", "ask for fewer tokens, or no controls")
EDIT = Kind("change", "scopesift_service.jobs.edit", "send fewer examples", needs_torch=False)


async def run_job(kind: Kind, job: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Run one job.

    Args:
        kind: What it is.
        job: Argument of its `run`.
        seconds: Time limit; the process is killed after it, without partial changes.

    Returns:
        The response of the route.

    Raises:
        ServiceError: The job's own, 500 or 503.
    """
    if kind.needs_torch and find_spec("torch") is None:
        raise ServiceError(
            503, f"a {kind.noun} needs torch, which this service lacks; it needs scopesift[service,torch]"
        )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", kind.module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate(json.dumps(job).encode("ascii"))
    except TimeoutError:
        raise ServiceError(503, f"the {kind.noun} took over {seconds:g} s; {kind.remedy}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        result: dict[str, Any] = json.loads(out)
    except ValueError:
        log.error(f"a {kind.noun} process died", extra={"reason": f"exit code {process.returncode}"})
        raise ServiceError(500, f"the {kind.noun} process died; nothing was changed") from None
    if "error" in result:
        raise ServiceError(**result["error"])
    return result


def answer_job(kind: Kind, run: Run) -> None:
    """Read a job from stdin, and write the result or an error to stdout.

    Args:
        kind: What it is.
        run: Does it; its `ServiceError`s are the caller's, others are logged.
    """
    os.nice(NICENESS)
    start_logging(settings().log_level)
    job = json.load(sys.stdin)
    try:
        result = run(job, settings())
    except ServiceError as error:
        result = _error(error.status, error.message, error.param)
    except ScopesiftError as error:
        log.error(f"a {kind.noun} failed", extra={"classifier": job["name"], "reason": str(error)})
        result = _error(500, f"the {kind.noun} failed; see the service's log")
    except Exception:
        log.exception(f"a {kind.noun} failed", extra={"classifier": job["name"]})
        result = _error(500, f"the {kind.noun} failed; see the service's log")
    sys.stdout.write(json.dumps(result))


def _error(status: int, message: str, param: str | None = None) -> dict[str, Any]:
    """Arguments of the `ServiceError` that the other side raises."""
    return {"error": {"status": status, "message": message, "param": param}}
