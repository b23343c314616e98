"""The section about the model: scope, reading, features, rules, calibration and cuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import AT_LEAST, LINEAR, LOG_ODDS
from scopesift_classifiers.model_cards.card import UNKNOWN, Fact, Section, Table, known, rate, written

RULES = {
    LINEAR: "weighted sum of the features' largest activations",
    LOG_ODDS: "sum of the log-odds of the features that fire",
    AT_LEAST: "a minimum number of features must fire",
}
DEV = ("dev_objective", "dev_macro_f1", "dev_accuracy", "presets_on_dev")


def method(classifier: Classifier) -> Section:
    """The model itself."""
    scope, settings = classifier.scope, classifier.settings.to_dict()
    facts = [
        Fact(
            "Kind", "features of sparse autoencoders (SAE) in closed form or by counting; no gradient descent"
        ),
        Fact("Date of the fit", UNKNOWN),
        Fact("Scope", known(scope.get("id"))),
        Fact("Scope's sha256", known(scope.get("sha256"))),
        Fact("Backbone", _at_revision(scope, "backbone")),
        Fact("SAE", _at_revision(scope, "sae")),
        Fact("Runs", f"the backbone up to the block with index {classifier.deepest_layer}"),
        Fact(
            "Reading",
            "; ".join(f"{key.replace('_', ' ')} {written(value)}" for key, value in settings.items()),
        ),
        Fact("Norm bounds", _norm_bounds(classifier)),
        Fact("Obfuscated spelling undone before reading", written(classifier.restore)),
        *_moved(classifier.fit.get("moved_to_int8")),
        *_fit(classifier.fit),
        Fact("Calibration", "isotonic regression on the margins of held-out texts"),
        Fact("Default decision's cut", _cut(classifier.fit.get("cut"))),
    ]
    tables = [_decisions(classifier)]
    if classifier.default.label_cuts:
        rows = tuple((label, f"{cut:.3f}") for label, cut in classifier.default.label_cuts.items())
        tables.append(Table("Cuts by label", ("label", "cut"), rows))
    own = classifier.fit.get("by_lang", {})
    moved = tuple((lang, _cut(own[lang]["cut"])) for lang in sorted(own) if own[lang].get("cut"))
    if moved:
        tables.append(Table("Cuts for a required rate", ("language", "how it was chosen"), moved))
    return Section("modelDetails", "Model", tuple(facts), tuple(tables))


def _moved(from_float32: Mapping[str, str] | None) -> list[Fact]:
    if from_float32 is None:
        return []
    said = (
        f"float32, as version {from_float32['version']}; reads in int8 without another fit: its settings, dev figures "
        "and cuts are those of float32, its performance was measured in int8"
    )
    return [Fact("Fitted in", said)]


def _at_revision(scope: Mapping[str, str], part: str) -> str:
    revision = scope.get(f"{part}_revision")
    return f"{known(scope.get(part))}, {f'revision {revision}' if revision else 'revision unknown'}"


def _norm_bounds(classifier: Classifier) -> str:
    """The bounds, or that there are none."""
    if not classifier.norm_bounds:
        return "none: no token is left out for its norm"
    bounds = (f"{bound:.4g} at layer {layer}" for layer, bound in sorted(classifier.norm_bounds.items()))
    return "tokens with a residual of a larger norm are left out: " + ", ".join(bounds)


def _fit(fit: Mapping[str, Any]) -> list[Fact]:
    """Preset, settings and objective, and the dev numbers that chose them."""
    preset = fit.get("preset")
    facts = [Fact("Preset of the fit", known(preset))]
    settings = fit.get(preset, {}) if isinstance(preset, str) else {}
    if settings:
        chosen = {key: value for key, value in settings.items() if key != "curve"}
        tried = (
            counted(len(settings["curve"]), "number") + " of features tried" if "curve" in settings else ""
        )
        facts.append(Fact("Settings of the fit", "; ".join(filter(None, (_named(chosen), tried)))))
    if fit.get("objective"):
        facts.append(Fact("Objective", written(fit["objective"].get("name")).replace("_", " ")))
    dev = {key: fit[key] for key in DEV if key in fit}
    if dev:
        facts.append(Fact("On the texts that chose the settings (optimistic)", _named(dev)))
    if fit.get("left_out"):
        facts.append(
            Fact("Settings chosen by", "leaving each language out of the fit; fitted on train and dev texts")
        )
    return facts


def _named(values: Mapping[str, Any]) -> str:
    """Settings or metrics in words, with blanks in their names."""
    return written({key.replace("_", " "): value for key, value in values.items()})


def _cut(described: Mapping[str, Any] | None) -> str:
    """How a cut was chosen, and what it had on the texts that it was chosen on."""
    if not described:
        return UNKNOWN
    asked = described.get("asked")
    aim = f"chosen for {_named(asked)}" if asked else "chosen for the objective"
    texts = (
        f"on {written(described['rows'])} texts"
        if "rows" in described
        else "on the texts that chose the settings"
    )
    intervals = described.get("intervals", {})
    there = {
        key: rate(described, key) if key in intervals else value
        for key, value in described.items()
        if key not in ("asked", "sha256", "intervals", "rows")
    }
    return f"{aim} {texts}; there: {_named(there) or UNKNOWN}"


def _decisions(classifier: Classifier) -> Table:
    """Features, rule and cut of every decision."""
    rows = tuple(
        (
            name,
            written(len(decision.features)),
            written(sorted({item.layer for item in decision.features})),
            "; ".join(RULES[kind] for kind in sorted({rule.combine for rule in decision.rules.values()})),
            _cut_of(decision),
        )
        for name, decision in classifier.decisions.items()
    )
    return Table("Decisions", ("decision", "features", "layers", "rule", "cut"), rows)


def _cut_of(decision: Decision) -> str:
    cuts = decision.label_cuts.values()
    return f"{min(cuts):.3f} to {max(cuts):.3f}, by label" if cuts else f"{decision.cut:.3f}"
