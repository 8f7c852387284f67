"""Log losses against scikit-learn, log odds against SciPy."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import log_loss

from mri_core.evaluation.log_loss import log_losses, logits, sigmoid

INSIDE = np.linspace(0.001, 0.999, 31)


def test_the_mean_is_scikit_learns():
    truth = np.arange(31) % 2
    assert log_losses(truth, INSIDE).mean() == pytest.approx(log_loss(truth, INSIDE))


def test_wrong_with_certainty_is_finite_and_the_worst():
    losses = log_losses(np.array([1, 0, 1]), np.array([0.0, 1.0, 0.001]))
    assert losses.tolist() == pytest.approx([16.118, 16.118, 6.908], abs=1e-3)


def test_log_odds_there_and_back():
    np.testing.assert_allclose(logits(INSIDE), logit(INSIDE), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sigmoid(logits(INSIDE)), INSIDE, rtol=1e-12)
    values = np.array([-800.0, -40, 0, 40, 800])
    np.testing.assert_allclose(sigmoid(values), expit(values), rtol=1e-12)
    assert np.isfinite(logits(np.array([0.0, 1.0]))).all()
