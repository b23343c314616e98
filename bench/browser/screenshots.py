"""`python -m bench screenshots`: pictures of the service's pages, on real verdicts of the default scope."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scopesift_files.atomic import write_atomically
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer

from bench.browser.chromium import Chromium

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TEXT = "Our striker scored twice, but the referee is a stupid idiot who should shut his damn mouth."
READY = "'loaded' in document.documentElement.dataset"
ANSWERED = "at('verdicts-place').ariaBusy === 'false' && shown.text === at('text').value"


@dataclass(frozen=True)
class Picture:
    """One screenshot.

    Attributes:
        name: File name without ending.
        path: The page.
        width: Of the window, in CSS pixels.
        height: Of the window, in CSS pixels.
        phone: Two device pixels per CSS pixel, touch.
        dark: Dark colours.
    """

    name: str
    path: str = "/"
    width: int = 1180
    height: int = 760
    phone: bool = False
    dark: bool = False


PICTURES_TAKEN = (
    Picture("playground"),
    Picture("playground-dark", dark=True),
    Picture("playground-phone", width=390, height=844, phone=True),
    Picture("moderate", paths.MODERATE),
    Picture("classifiers", paths.CLASSIFIERS_PAGE),
)
# of people who write to a local paper, made up
LETTERS = (
    "The new library opens on Monday at nine.",
    "Nobody asked you, you pathetic idiot.",
    "Der Zug nach Ulm kommt heute zwanzig Minuten später.",
    "Halt endlich die Fresse, du Vollidiot.",
    "I disagree with the mayor, but her numbers are right.",
    "Ese tipo es un imbécil de mierda.",
    "La biblioteca abre el lunes a las nueve.",
    "What a load of crap, these morons can't even park a bus.",
    "Merci pour cette belle soirée !",
    "You people are garbage and should be ashamed.",
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
            for picture in PICTURES_TAKEN:
                _take(browser, server.url, picture, into / f"{picture.name}.png")
        finally:
            browser.close()
    print(f"{len(PICTURES_TAKEN)} pictures in {into}")


def _take(browser: Chromium, url: str, picture: Picture, path: Path) -> None:
    browser.show(
        f"{url}{picture.path}",
        width=picture.width,
        height=picture.height,
        phone=picture.phone,
        dark=picture.dark,
    )
    browser.until(READY)
    FILLED[picture.path](browser)
    browser.run("document.activeElement.blur()")
    write_atomically(path, partial(_draw, browser))


def _write_text(browser: Chromium) -> None:
    browser.run("(() => { const box = at('text'); box.focus(); box.select(); })()")
    browser.send("Input.insertText", text=TEXT)
    browser.until(ANSWERED)


def _paste_letters(browser: Chromium) -> None:
    browser.run(f"at('paste').value = {json.dumps(chr(10).join(LETTERS))}")
    browser.run("at('paste').dispatchEvent(new Event('input'))")
    browser.run("at('begin').click()")
    browser.until(f"queue.rows.filter((row) => row.verdicts).length === {len(LETTERS)}")
    browser.run("choose(0)")
    browser.until("passage.drawn?.row === listing.rows[0] && passage.kept.has(listing.rows[0])")


def _show_features(browser: Chromium) -> None:
    browser.until("document.querySelectorAll('#features-title ~ * svg').length > 0")
    browser.run("at('features-title').scrollIntoView()")


FILLED = {"/": _write_text, paths.MODERATE: _paste_letters, paths.CLASSIFIERS_PAGE: _show_features}
"""By page: what is done before its picture is taken."""


def _draw(browser: Chromium, temporary: Path) -> None:
    browser.picture(temporary)
