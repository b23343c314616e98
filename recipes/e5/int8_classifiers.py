"""`python -m recipes.e5.int8_classifiers --data DATA --out FOLDER`: the bundled classifiers, fitted on e5 in int8.

Same rows and settings as the bundled ones, which are fitted in float32; test rows are read by `python -m bench int8`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import fit_classifier
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.scope import Scope

from recipes.bundled.stages import say
from recipes.e5.classifiers import SETTINGS, add_bundled_languages
from recipes.e5.every_language import languages_with_many_rows, with_default_of_every_language
from recipes.e5.rows import ROWS


def main(
    data: Annotated[Path, typer.Option(help="Folder with language/, toxicity/, textdetox/, domain/, …")],
    out: Annotated[Path, typer.Option(help="Folder for the artifacts.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be repeated. toxicity needs language there.")
    ] = None,
) -> None:
    """Fit the classifiers."""
    names = [name for name in ROWS if not only or name in only]
    if len(names) < len(only or ()):
        raise typer.BadParameter(f"there are {', '.join(ROWS)}", param_hint="--only")
    scope = Scope.load(bundled_folder("e5"), device="cpu").in_int8()
    cache = FeatureCache.default()
    for name in names:
        train, dev = (ROWS[name](data, split) for split in ("train", "dev"))
        say(f"{name}: fitting on {len(train)} rows, {len(dev)} dev")
        fit_classifier(name, scope, train, dev, SETTINGS[name], cache=cache, say=say).save(
            out / f"{name}.json"
        )
    if "toxicity" in names:
        english = add_bundled_languages(scope, data, out, say)
        codes = languages_with_many_rows(data)
        with_default_of_every_language(english, scope, data, codes, say).save(out / "toxicity.json")
    for name in names:
        say(f"{out / f'{name}.json'}: version {Classifier.load(out / f'{name}.json').version}")


if __name__ == "__main__":
    typer.run(main)
