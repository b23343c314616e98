"""The pages of the playground: path, title, and the parts that each adds to the shell."""

from __future__ import annotations

from dataclasses import dataclass

from scopesift_service.http import paths


@dataclass(frozen=True)
class View:
    """One page.

    Attributes:
        path: Where it is served.
        folder: Of its parts; `view.html` is what stands in its `<main>`.
        name: In the navigation.
        styles: CSS files of the folder, after the shell's.
        scripts: JavaScript files of the folder, after the shell's; the last one starts the page.
    """

    path: str
    folder: str
    name: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]


SHELL_STYLES = ("colours.css", "layout.css", "controls.css", "narrow.css")
SHELL_SCRIPTS = (
    "dom.js",
    "code_points.js",
    "language_names.js",
    "feature_names.js",
    "failures.js",
    "api.js",
    "shell.js",
)
VIEWS = (
    View(
        path=paths.PLAYGROUND,
        folder="text",
        name="One text",
        styles=("composer.css", "reading.css", "verdicts.css", "narrow.css"),
        scripts=(
            "features.js",
            "card.js",
            "tongues.js",
            "hits.js",
            "reading.js",
            "verdicts.js",
            "settings.js",
            "copy.js",
            "judging.js",
            "examples.js",
            "main.js",
        ),
    ),
    View(
        path=paths.MODERATE,
        folder="moderate",
        name="Moderate",
        styles=("panels.css", "table.css", "passage.css", "narrow.css"),
        scripts=(
            "csv.js",
            "intake.js",
            "queue.js",
            "sending.js",
            "cut.js",
            "listing.js",
            "decisions.js",
            "grid.js",
            "passage.js",
            "keys.js",
            "intake_form.js",
            "controls.js",
            "main.js",
        ),
    ),
    View(
        path=paths.CLASSIFIERS_PAGE,
        folder="classifiers",
        name="Classifiers",
        styles=("shelf.css", "teach.css", "features.css"),
        scripts=(
            "token.js",
            "shelf.js",
            "audit.js",
            "versions.js",
            "histogram.js",
            "feature_card.js",
            "features.js",
            "progress.js",
            "examples_text.js",
            "feature_change.js",
            "draft.js",
            "main.js",
        ),
    ),
)
