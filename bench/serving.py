"""The commands of `python -m bench` about the service and its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.options import Out, Quick

app = typer.Typer()


@app.command()
def screenshots(
    out: Annotated[Path | None, typer.Option(help="Folder; default docs/pictures.")] = None,
) -> None:
    """Take the pictures of the service's pages, in a real browser."""
    from bench.browser.screenshots import run

    run(out)


@app.command()
def moderate(out: Out = None) -> None:
    """Time sorting and filtering of 5,000 texts on the moderator's page, in a real browser, and measure its memory."""
    from bench.browser.moderate import run

    run(out)


@app.command()
def service(out: Out = None, quick: Quick = False) -> None:
    """Time the service against the offline engine: idle, saturated, open load, overload."""
    from bench.service.run import run

    run(out, quick)


@app.command()
def service_memory(out: Out = None) -> None:
    """Measure the memory of the service's processes: when ready, and after texts of every length."""
    from bench.service.memory import run

    run(out)


@app.command()
def service_routes(out: Out = None, quick: Quick = False) -> None:
    """Measure what each route adds to the latency of /v1/classify."""
    from bench.service.routes import run

    run(out, quick)


@app.command()
def api_examples() -> None:
    """Record the answers to the example requests of the OpenAPI document, on the default scope."""
    from bench.service.api_examples import run

    run()


@app.command()
def service_soak(out: Out = None, quick: Quick = False) -> None:
    """Soak test of ten minutes: memory, and every answer against the offline engine's."""
    from bench.service.soak import run

    run(out, quick)


@app.command()
def suggestions(out: Out = None, quick: Quick = False) -> None:
    """Store a year of moderators' decisions, and kill the service while they come: time, file size, what is lost."""
    from bench.service.suggestions import run

    run(out, quick)
