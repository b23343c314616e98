"""The baselines that stand beside the bundled classifiers, and what the tables call them."""

NAMES = {
    "linear_probe": "linear probe",
    "mean_difference": "residual mean-difference",
    "tfidf": "TF-IDF + logistic regression",
}
