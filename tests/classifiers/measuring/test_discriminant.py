import numpy as np
import pytest
from scopesift_classifiers.measuring.discriminant import SHRINKAGES, discriminant
from scopesift_files.errors import InputError
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis


def data(n, classes, seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, n)
    mixing = np.random.default_rng(0).normal(size=(6, 6))
    centres = np.random.default_rng(1).normal(size=(classes, 6))
    return (rng.normal(size=(n, 6)) + centres[label]) @ mixing, np.array(list("abc"))[label]


@pytest.mark.parametrize("classes", [2, 3])
def test_the_closed_form_equals_an_independent_discriminant_analysis(classes):
    X, y = data(400, classes, 2)
    X_dev, y_dev = data(200, classes, 3)
    ours = discriminant(X, y, X_dev, y_dev)
    inside = (
        X - np.stack([X[y == one].mean(axis=0) for one in np.unique(y)])[np.unique(y, return_inverse=True)[1]]
    )
    covariance = inside.T @ inside / len(X)
    shrunk = covariance + ours.chosen["shrinkage"] * np.trace(covariance) / 6 * np.eye(6)

    class Known:
        covariance_ = shrunk

        def fit(self, X):
            return self

    theirs = LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=Known()).fit(X, y)
    assert (ours.predict(X_dev) == theirs.predict(X_dev)).all()
    if classes == 2:
        np.testing.assert_allclose(ours.scores(X_dev), theirs.decision_function(X_dev), rtol=1e-6)
    assert ours.chosen["shrinkage"] in SHRINKAGES
    assert ours.chosen["dev_macro_f1"] > 0.6


def test_one_class_is_refused():
    X, _ = data(10, 2, 4)
    with pytest.raises(InputError, match="two classes"):
        discriminant(X, ["a"] * 10, X, ["a"] * 10)
