"""The baselines of the bundled classifiers, and their names in tables."""

NAMES = {
    "linear_probe": "linear probe",
    "mean_difference": "residual mean-difference",
    "tfidf": "TF-IDF + logistic regression",
}
