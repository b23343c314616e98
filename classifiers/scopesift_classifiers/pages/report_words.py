"""The report's sentences."""

from __future__ import annotations

from typing import Any

from scopesift_files.counted import counted

FEW = 100
"""Below so many texts shares are shown as counts."""
EXPLAINS = 0.25
"""Share of a drift from which on a mix of labels counts as a partial explanation."""
BASELINE_NAMES = {
    "mean_difference": "Residual mean-difference",
    "linear_probe": "Linear probe",
    "tfidf": "TF-IDF + logistic regression",
}
METRIC_NAMES = {
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "false_positive_rate": "false-positive rate",
}
LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "ta": "Tamil",
    "th": "Thai", "tr": "Turkish", "tt": "Tatar", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
TERMS = {
    "Macro-F1": "the mean, over the labels, of a score that is high only if a label is both found and not given "
    "wrongly. 1 is perfect. It counts rare labels as much as frequent ones.",
    "Balanced accuracy": "the mean, over the labels, of the share that was found. Guessing gives .5 with two labels.",
    "Precision": "of the texts that were flagged, the share that should have been.",
    "Recall": "of the texts that should be flagged, the share that was.",
    "False-positive rate": "of the texts that should not be flagged, the share that was. Unlike precision it does not "
    "depend on how frequent the label is.",
    "Interval": "where the number would lie with any number of such texts, in 95 of 100 cases; the fewer texts there "
    "are, the wider it is.",
    "Residual mean-difference, linear probe": "two ordinary classifiers that read the same language model, but all of "
    "its numbers instead of a few features; the probe is trained by gradient descent.",
    "TF-IDF + logistic regression": "an ordinary classifier that counts words and letters, without any language model.",
    "Feature": "one direction that a sparse autoencoder found in the language model; it fires where a text holds "
    "something like the tokens shown on its card.",
}


def language_name(code: str) -> str:
    """The name and code of a language, "German (de)", for a known code, the code itself for another value."""
    return f"{LANGUAGES[code]} ({code})" if code in LANGUAGES else code


def of_hundred(share: float) -> str:
    """A share as "7 of 100", with a decimal below 1 and above 99."""
    value = 100 * share
    return f"{value:.1f} of 100" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f} of 100"


def of_all(share: float, n: int) -> str:
    """A share of n texts: as counts, "7 of 8", below 100 texts, else "88 of 100"."""
    return f"{round(share * n)} of {n}" if n < FEW else of_hundred(share)


def binary_lead(name: str, positive: str, measured: dict[str, Any], data: str) -> str:
    """The first sentences of a report on a classifier with a positive label."""
    n, positives, flagged = measured["n"], measured["n_positive"], measured["n_flagged"]
    recall, precision = measured["recall"], measured["precision"]
    words = (
        f"{name} read {counted(n, 'text')} of {data} that people had labelled; {positives:,} of them "
        f"{'is' if positives == 1 else 'are'} {positive}. Of the {positive} texts it found {of_all(recall, positives)}"
    )
    if measured["balanced_accuracy"] is not None:
        alarms = 1 - (2 * measured["balanced_accuracy"] - recall)
        words += f", and of the others it wrongly flagged {of_all(alarms, n - positives)}"
    if flagged:
        words += (
            f". Of what it flagged, {of_all(precision, flagged)} {'was' if flagged == 1 else 'were'} right."
        )
    else:
        words += ". It flagged nothing."
    natural = measured["natural"]
    if natural and n >= FEW:
        words += (
            f" In a stream where only {of_hundred(natural['prevalence'])} texts are {positive} (an assumption), "
            f"{of_hundred(natural['precision'])} flags would be right."
        )
    return words


def many_lead(name: str, measured: dict[str, Any], data: str) -> str:
    """The first sentences of a report on a classifier with many labels."""
    labels = len(measured["per_class"])
    return (
        f"{name} read {counted(measured['n'], 'text')} of {data} with one of {counted(labels, 'label')} each, "
        f"and gave the right one to {of_all(measured['accuracy'], measured['n'])}."
    )


def standing(measured: dict[str, Any]) -> str:
    """Comparison of the classifier with the best baseline, or why there is none."""
    fitted = {name: part for name, part in measured["baselines"].items() if isinstance(part, dict)}
    if not fitted or measured["macro_f1"] is None:
        reason = measured["baselines"]["reason"] or "there is one label only"
        return f"There is nothing to compare with: {reason}."
    best = max(fitted, key=lambda name: fitted[name]["macro_f1"])
    found = fitted[best]["difference"]
    low, high = found["interval"]
    rival = (
        f"the strongest of the baselines, {BASELINE_NAMES[best]} (macro-F1 {fitted[best]['macro_f1']:.3f})"
    )
    if low > 0:
        return f"It is better than {rival}, by {found['macro_f1']:.3f} ({low:.3f} to {high:.3f})."
    if high < 0:
        return f"It is worse than {rival}, by {-found['macro_f1']:.3f} ({-high:.3f} to {-low:.3f})."
    difference = f"{found['macro_f1']:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"These texts cannot tell it from {rival}: the difference is {difference}."


def drift_words(drift: dict[str, Any]) -> str:
    """The meaning of the drift, in two or three sentences."""
    n, number, chance = drift["n"], drift["divergence"], drift["chance"]
    texts = counted(n, "text")
    if number <= chance:
        return (
            f"The features fire as they did in the fit: the distance is {number:.4f}, and chance alone gives up to "
            f"{chance:.4f} with {texts}."
        )
    times = number / chance if chance else float("inf")
    words = (
        f"The features fire otherwise than in the fit: the distance is {number:.4f}, {times:.1f} times what chance "
        f"alone gives with {texts} ({chance:.4f})"
    )
    scale = drift["between_classes"]
    words += f"; the fit's own labels are {scale:.4f} apart. " if scale else ". "
    if drift["level"] == "none":
        return (
            words
            + f"A different mix of labels explains all of it ({_mix(drift)}): the features themselves hold."
        )
    share = 1 - drift["unexplained"] / number
    if drift["mix_now"] is None:
        # an estimated mix is not meaningful if features changed for other reasons
        words += (
            f"A different mix of labels would explain {max(share, 0):.0%} of it at best; the rest is new. "
        )
    elif share > EXPLAINS:
        words += f"A different mix of labels explains {share:.0%} of it ({_mix(drift)}); the rest is new. "
    else:
        words += f"The mix of labels does not explain it ({_mix(drift)}). "
    advice = {
        "slight": "What is left is slight.",
        "clear": "What is left is clear: label some of these texts and evaluate on them.",
        "strong": "What is left is strong: do not trust scores on these texts before you have labelled some and "
        "evaluated on them.",
    }
    if drift["mix_from"] == "labels":
        advice |= {
            "clear": "What is left is clear: these texts are of another kind than the fit's.",
            "strong": "What is left is strong: these texts are of quite another kind than the fit's.",
        }
    return words + advice[drift["level"]]


def _mix(drift: dict[str, Any]) -> str:
    """The label whose share differs most, here and in the fit; estimates are marked as such."""
    then, now = drift["mix_at_fit"], drift["mix_now"]
    label = max(then, key=lambda name: abs(now[name] - then[name]))
    n, known = drift["n"], drift["mix_from"] == "labels"
    counts = f"{round(now[label] * n):,} of {counted(n, 'text')}"
    here = f"{counts if known or n < FEW else of_hundred(now[label]) + ' texts'} {label}"
    if not known:
        here = f"about {here} by the features"
    return f"{here}, against {of_hundred(then[label])} in the fit"
