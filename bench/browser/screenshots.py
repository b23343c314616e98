"""`python -m bench screenshots`: pictures of the service's pages, on real verdicts of the default scope."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scopesift_files.atomic import write_atomically
from scopesift_service.local_server import LocalServer

from bench.browser.chromium import Chromium

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TEXT = "Our striker scored twice, but the referee is a stupid idiot who should shut his damn mouth."
READY = "'loaded' in document.documentElement.dataset"
ANSWERED = "at('verdicts-place').ariaBusy === 'false' && shown.text === at('text').value"


@dataclass(frozen=True)
class Picture:
    """One screenshot of the playground.

    Attributes:
        name: File name without ending.
        width: Of the window, in CSS pixels.
        height: Of the window, in CSS pixels.
        phone: Two device pixels per CSS pixel, touch.
        dark: Dark colours.
    """

    name: str
    width: int = 1180
    height: int = 760
    phone: bool = False
    dark: bool = False


PLAYGROUND = (
    Picture("playground"),
    Picture("playground-dark", dark=True),
    Picture("playground-phone", width=390, height=844, phone=True),
)


def run(folder: Path | None = None) -> None:
    """Start the service, open its pages, and write the pictures.

    Args:
        folder: Where to; None: docs/pictures.

    Raises:
        BenchError: No Chromium, or a page that doesn't get ready.
    """
    into = folder or PICTURES
    into.mkdir(parents=True, exist_ok=True)
    with LocalServer() as server, tempfile.TemporaryDirectory() as profile:
        server.wait()
        browser = Chromium(Path(profile))
        try:
            for picture in PLAYGROUND:
                _take(browser, server.url, picture, into / f"{picture.name}.png")
        finally:
            browser.close()
    print(f"{len(PLAYGROUND)} pictures in {into}")


def _take(browser: Chromium, url: str, picture: Picture, path: Path) -> None:
    browser.show(
        f"{url}/", width=picture.width, height=picture.height, phone=picture.phone, dark=picture.dark
    )
    browser.until(READY)
    browser.run("(() => { const box = at('text'); box.focus(); box.select(); })()")
    browser.send("Input.insertText", text=TEXT)
    browser.until(ANSWERED)
    browser.run("document.activeElement.blur()")
    write_atomically(path, partial(_draw, browser))


def _draw(browser: Chromium, temporary: Path) -> None:
    browser.picture(temporary)
