"""`make demo`: a handful of sentences in several languages, and what nano says of them."""

from __future__ import annotations

from scopesift_classifiers.classifier import Classifier, bundled_classifiers
from scopesift_classifiers.engine import Engine
from scopesift_features.scope import Scope

from scopesift.commands.terminal import output, reading
from scopesift.commands.verdict_table import verdict_table

SENTENCES = (
    "That bitch should crawl back into her hole.",
    "You are such a stupid idiot, shut your mouth.",
    "Thank you for the help yesterday, the soup was wonderful.",
    "The dog was a good girl at the vet today.",
    "Parliament votes on the new budget on Tuesday.",
    "A court may grant an injunction where damages would not be an adequate remedy.",
    "Die Mannschaft gewann das Finale nach einem Tor in der letzten Minute.",
    "Les chercheurs ont mesuré la vitesse de la lumière dans un cristal.",
    "El hotel está cerca de la playa y sirve el desayuno hasta las diez.",
    "Вакцина защищает детей от тяжёлой болезни.",
    "这座城市的人口超过八百万。",
    "오늘 저녁에 친구들과 영화를 봤어요.",
    "المطار قريب من وسط المدينة.",
    "Der Zug kommt um acht, and then we take the bus.",
)


def main() -> None:
    """Print the table and what it means."""
    scope = Scope.load("nano")
    engine = Engine(scope, [Classifier.load(name) for name in bundled_classifiers()])
    with reading("classifying") as progress:
        answers = engine.predict(SENTENCES, on_progress=progress)
    output.rule(
        "[bold]scopesift[/bold]: verdicts from a few thresholded SAE features, nothing trained by gradient"
    )
    output.print(verdict_table(SENTENCES, answers))
    features = len(engine.features)
    output.print(
        f"All three verdicts come from one pass of [bold]nano[/bold] and {features} of its "
        f"{scope.d_sae * len(scope.layers):,} features. nano is the bundled scope: a very small language model, "
        "trained from scratch so that everything runs offline through the code path of Qwen-Scope's weights. It is "
        "wrong far more often than they would be, above all outside English; its numbers are in "
        "scopesift/bundled/nano/README.md.\n\n"
        'Next: [bold].venv/bin/scopesift classify "your text"[/bold], or '
        '[bold].venv/bin/scopesift explain "your text"[/bold] to see every feature that was looked at.',
        highlight=False,
    )


if __name__ == "__main__":
    main()
