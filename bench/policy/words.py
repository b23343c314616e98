"""Character TF-IDF and ridge regression: the bag-of-n-grams baseline on the policy topics."""

from __future__ import annotations

import numpy as np

from bench.trials.answers import Fitted, SystemAnswers
from bench.trials.parts import Part

LENGTHS = (2, 5)
MOST_NGRAMS = 120_000
PENALTIES = (0.3, 1.0, 3.0)


def character_ridge(train: Part, dev: Part) -> Fitted:
    """Ridge regression, one label against the rest, on TF-IDF of character n-grams inside words.

    Logistic regression, the baseline of the other tables, takes a hundred times as long for 21 labels.

    Args:
        train: Rows to fit on.
        dev: Rows that choose the penalty, by accuracy.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import RidgeClassifier

    grams = TfidfVectorizer(
        analyzer="char_wb", ngram_range=LENGTHS, sublinear_tf=True, max_features=MOST_NGRAMS, dtype=np.float32
    )
    x_train, x_dev = grams.fit_transform(train.rows.texts), grams.transform(dev.rows.texts)
    models = {
        penalty: RidgeClassifier(alpha=penalty, solver="sparse_cg").fit(x_train, train.rows.labels)
        for penalty in PENALTIES
    }
    right = {penalty: float(model.score(x_dev, dev.rows.labels)) for penalty, model in models.items()}
    best = max(right, key=lambda penalty: right[penalty])

    def answer(part: Part) -> SystemAnswers:
        return SystemAnswers(np.asarray(models[best].predict(grams.transform(part.rows.texts)), dtype=str))

    return Fitted(answer, {"penalty": best, "dev_accuracy": round(right[best], 4)})
