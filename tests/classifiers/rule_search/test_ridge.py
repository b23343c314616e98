import numpy as np
import pytest
from scopesift_classifiers.rule_search.linear import held_out_errors
from scopesift_classifiers.rule_search.ridge import Moments, fit_ridges, ridges_of_moments, ridges_of_rows
from sklearn.linear_model import Ridge

RNG = np.random.default_rng(0)


def data(n, features, targets=3):
    x_NP = np.sqrt(RNG.exponential(1.0, (n, features)) * (RNG.random((n, features)) < 0.4))
    y_NC = np.where(RNG.random((n, targets)) < 0.4, 1.0, -1.0)
    return x_NP, y_NC, RNG.uniform(0.5, 2.0, n)


def alpha_of(x_NP, weight_N, penalty):
    """The penalty in the unit of scikit-learn."""
    mean_P = weight_N @ x_NP / weight_N.sum()
    return penalty * (weight_N[:, None] * (x_NP - mean_P) ** 2).sum() / x_NP.shape[1]


@pytest.mark.parametrize(("n", "features"), [(60, 12), (12, 60)])
@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_both_forms_equal_an_independent_ridge_regression(n, features, penalty):
    x_NP, y_NC, weight_N = data(n, features)
    theirs = Ridge(alpha=alpha_of(x_NP, weight_N, penalty)).fit(x_NP, y_NC, sample_weight=weight_N)
    for _, ours in (
        ridges_of_moments(Moments.of(x_NP, y_NC, weight_N), (3.0, penalty)),
        ridges_of_rows(x_NP, y_NC, weight_N, (3.0, penalty)),
        fit_ridges(x_NP, y_NC, weight_N, (3.0, penalty)),
    ):
        np.testing.assert_allclose(ours.weights_PC, theirs.coef_.T, rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(ours.bias_C, theirs.intercept_, rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(ours.predict(x_NP), theirs.predict(x_NP), rtol=1e-7, atol=1e-9)


def test_a_constant_feature_gets_no_weight_and_no_error():
    x_NP, y_NC, weight_N = data(30, 4)
    x_NP[:, 2] = 1.5
    weights_PC = ridges_of_moments(Moments.of(x_NP, y_NC, weight_N), (0.1,))[0].weights_PC
    np.testing.assert_allclose(weights_PC[2], 0, atol=1e-9)


def test_squared_errors_from_sums_equal_those_of_refits_on_the_rows():
    x_NP, y_NC, weight_N = data(90, 10)
    fold_N = np.arange(90) % 3
    by_fold = [Moments.of(x_NP[fold_N == k], y_NC[fold_N == k], weight_N[fold_N == k]) for k in range(3)]
    whole = by_fold[0] + by_fold[1] + by_fold[2]
    # every fit reads features of its own
    places = [np.array([0, 2, 3, 7]), np.array([1, 2, 3, 9]), np.arange(10)]
    penalties = (0.01, 0.3, 10.0)
    expected = np.zeros(len(penalties))
    for k, own in enumerate(places):
        out, rest = fold_N == k, fold_N != k
        x = x_NP[:, own]
        for at, penalty in enumerate(penalties):
            alpha = alpha_of(x[rest], weight_N[rest], penalty)
            model = Ridge(alpha=alpha).fit(x[rest], y_NC[rest], sample_weight=weight_N[rest])
            missed = ((model.predict(x[out]) - y_NC[out]) ** 2).sum(axis=1)
            expected[at] += (weight_N[out] * missed).sum()
    errors = held_out_errors([whole - own for own in by_fold], by_fold, places, penalties)
    np.testing.assert_allclose(errors, expected, rtol=1e-9)
