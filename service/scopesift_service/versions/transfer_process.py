"""Runs a transfer's process and reads its result."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from typing import Any

from scopesift_service.http.errors import ServiceError

JOB = "scopesift_service.versions.transfer_job"
log = logging.getLogger("scopesift.transfer")


async def run_transfer(job: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Run one transfer.

    Args:
        job: Argument of `transfer_job.run`.
        seconds: Time limit; the process is killed after it, without partial changes.

    Returns:
        The response of the route.

    Raises:
        ServiceError: 409, 422, 500 or 503.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", JOB,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate(json.dumps(job).encode("ascii"))
    except TimeoutError:
        raise ServiceError(503, f"the transfer took over {seconds:g} s; send fewer examples") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    result = _result(out, process.returncode)
    if "error" in result:
        status, message = result["error"]["status"], result["error"]["message"]
        raise ServiceError(status, message or "the transfer failed; see the service's log")
    return result


def _result(out: bytes, returncode: int | None) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(out)
    except ValueError:
        log.error("a transfer process died", extra={"reason": f"exit code {returncode}"})
        return {"error": {"status": 500, "message": "the transfer process died; nothing was changed"}}
    return result
