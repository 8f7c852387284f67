"""Doubts about given labels: planted flips, probabilities fitted another way, and labels nothing can be said of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from mri_core.errors import InvalidInput
from mri_core.evaluation.label_errors import LEAST_SLICES, find_doubts, given_the_others

SLICES, FLIPS = 3000, 40


@pytest.fixture(scope="module")
def flipped() -> tuple[np.ndarray, np.ndarray, dict[int, int]]:
    """(given labels, calibrated probabilities, slice -> its flipped label). The last label is rare."""
    random = np.random.default_rng(0)
    score = random.normal(size=(SLICES, 3)) * 4 + (0, -2, -8)
    truth = (random.random(score.shape) < expit(score)).astype(np.uint8)
    sure = np.flatnonzero((np.abs(score[:, :2]) > 6).all(axis=1))
    flips = {int(row): place % 2 for place, row in enumerate(random.choice(sure, FLIPS, replace=False))}
    for row, column in flips.items():
        truth[row, column] ^= 1
    return truth, expit(score), flips


def test_flipped_labels_come_first_and_are_named(flipped) -> None:
    truth, probabilities, flips = flipped
    doubts = find_doubts(truth, probabilities)
    first = doubts.ranked()[:FLIPS].tolist()
    assert sum(row in flips and doubts.of_slice(row)[0] == flips[row] for row in first) >= 0.8 * FLIPS
    for column in range(3):
        own = doubts.ranked(column)
        assert doubts.doubted[own, column].all() and len(own) == doubts.doubted[:, column].sum()
        assert (np.diff(doubts.quality[own, column]) >= 0).all()


def test_quality_is_the_probability_of_what_is_given(flipped) -> None:
    truth, probabilities, _ = flipped
    likely = given_the_others(truth, probabilities)
    doubts = find_doubts(truth, probabilities)
    np.testing.assert_allclose(doubts.quality, np.where(truth == 1, likely, 1 - likely))
    for column in range(3):
        known = np.column_stack([logit(probabilities[:, column]), np.delete(truth, column, axis=1)])

        def loss(line: np.ndarray, known=known, given=truth[:, column]) -> float:
            scores = known @ line[1:] + line[0]
            return (np.logaddexp(0, scores) - given * scores).sum() + (line[1:] ** 2).sum() / 2

        line = minimize(loss, np.zeros(4), method="BFGS").x
        np.testing.assert_allclose(likely[:, column], expit(known @ line[1:] + line[0]), atol=1e-4)


def test_labels_that_go_together_are_believed_and_one_without_its_parent_is_not() -> None:
    random = np.random.default_rng(2)
    parent = random.random(SLICES) < 0.4
    child = parent & (random.random(SLICES) < 0.5)
    truth = np.column_stack([parent, child]).astype(np.uint8)
    said = expit(np.where(truth, 3, -3) + 1.5 * random.normal(size=truth.shape))
    hidden, alone = np.flatnonzero(child)[:10], np.flatnonzero(~parent)[:10]
    said[hidden] = 0.1  # a finding that the network does not see
    truth[alone, 1], said[alone] = 1, (0.1, 0.4)  # a child without its parent, of which the network is not sure
    quality = find_doubts(truth, said).quality
    assert (quality[hidden, 0] > 0.2).all() and (quality[alone, 1] < 0.05).all()


def test_class_weights_change_no_order(flipped) -> None:
    """They move the logits of a label, which calibrating undoes; only where the doubts end depends on them a little."""
    truth, probabilities, flips = flipped
    moved = expit(0.7 * logit(probabilities) + (2, -1, 3))
    plain, weighted = find_doubts(truth, probabilities), find_doubts(truth, moved)
    np.testing.assert_allclose(weighted.quality, plain.quality, atol=0.01)
    first = plain.ranked()[: len(flips)]
    assert len(set(first) & set(weighted.ranked()[: len(flips)])) >= 0.95 * len(first)
    assert (weighted.doubted == plain.doubted).mean() > 0.97


def test_where_a_rare_label_is_hard_its_slices_are_not_called_wrong_first() -> None:
    random = np.random.default_rng(1)
    score = np.column_stack([random.normal(size=SLICES) * 5, random.normal(size=SLICES) * 0.7 - 4])
    truth = (random.random(score.shape) < expit(score)).astype(np.uint8)
    flips = np.flatnonzero(np.abs(score[:, 0]) > 7)[:20]
    truth[flips, 0] ^= 1
    rare = truth[:, 1] == 1
    assert 30 < rare.sum() < 120 and (score[rare, 1] < 0).all()  # the network would deny it everywhere
    doubts = find_doubts(truth, expit(score))
    assert set(doubts.ranked()[:20]) == set(flips)
    assert doubts.doubted[rare, 1].mean() < 0.7


@pytest.mark.parametrize("support", [0, LEAST_SLICES - 1, SLICES])
def test_a_label_that_hardly_ever_or_always_occurs_is_not_judged(flipped, support: int) -> None:
    truth, probabilities, _ = flipped
    rare = (np.arange(SLICES) < support).astype(np.uint8)
    more = find_doubts(np.column_stack([truth, rare]), np.column_stack([probabilities, np.full(SLICES, 0.5)]))
    assert not more.doubted[:, 3].any() and (more.quality[:, 3] == 1).all()
    np.testing.assert_array_equal(more.ranked(), find_doubts(truth, probabilities).ranked())


def test_one_label_alone_is_judged_too(flipped) -> None:
    truth, probabilities, flips = flipped
    own = {row for row, column in flips.items() if column == 0}
    doubts = find_doubts(truth[:, :1], probabilities[:, :1])
    assert len(own & set(doubts.ranked()[: len(own)].tolist())) >= 0.8 * len(own)


def test_nothing_that_could_be_learnt_leaves_nothing_in_doubt() -> None:
    doubts = find_doubts(np.zeros((20, 2)), np.full((20, 2), 0.9))
    assert not len(doubts.ranked()) and not len(doubts.ranked(1))


def test_bad_input_is_said() -> None:
    with pytest.raises(InvalidInput, match="truth holds"):
        find_doubts(np.full((20, 2), 2), np.full((20, 2), 0.5))
    with pytest.raises(InvalidInput, match="probabilities hold"):
        find_doubts(np.zeros((20, 2)), np.full((20, 2), np.nan))
