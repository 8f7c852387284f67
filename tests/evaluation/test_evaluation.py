"""`evaluate`: its document, the predict-nothing baseline, the words for what is undefined, and its refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from mri_core.errors import InvalidInput
from mri_core.evaluation import METRICS, evaluate, undefined_reason

NAMES = ("label 1", "label 2", "label 3")


def test_the_document_has_the_agreed_shape(nested):
    document = evaluate(nested[0], nested[1], NAMES, [0.5, 0.4, 0.6]).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["slices"] == 200
    assert document["thresholds"] == {"label 1": 0.5, "label 2": 0.4, "label 3": 0.6}
    assert list(document["labels"]) == list(NAMES)
    for scores in document["labels"].values():
        assert list(scores) == [*METRICS, "confusion"]
        assert isinstance(scores["support"], int)
        assert sum(scores["confusion"].values()) == 200
    assert list(document["averages"]) == ["micro", "macro", "weighted", "samples", "samples_labelled"]
    assert all(list(scores) == ["precision", "recall", "f1"] for scores in document["averages"].values())
    assert list(document["macro"]) == ["average_precision", "roc_auc", "brier", "log_loss"]
    assert list(document["no_finding"]) == ["slices", "recall", "precision", "false_alarm_rate"]
    assert document["baseline"]["name"] == "predict nothing"
    assert {"binary_accuracy", "subset_accuracy", "hamming_loss"} <= document.keys()


def _undefined(value, path=()):
    """Paths of the nulls in a document."""
    if isinstance(value, dict):
        return {found for key, item in value.items() for found in _undefined(item, (*path, key))}
    return {path} if value is None else set()


def test_every_null_has_its_reason_and_every_reason_its_null(case):
    names = [f"label {number + 1}" for number in range(case[0].shape[1])]
    document = evaluate(case[0], case[1], names).to_json()
    json.dumps(document, allow_nan=False)
    reasons = document.pop("reasons")
    given = {
        (part, row, score)
        for part in ("labels", "averages")
        for row, scores in reasons[part].items()
        for score in scores
    } | {(part, score) for part in ("macro", "no_finding", "baseline") for score in reasons[part]}
    nested_nulls = {
        ("baseline", "no_finding", score) for score in ("recall", "false_alarm_rate")
    }  # the same stratum, hence the same reason as no_finding's
    assert given == _undefined(document) - nested_nulls


def test_undefined_in_words():
    truth = np.array([[0, 1, 1], [0, 1, 0]])
    evaluation = evaluate(truth, [[0.1, 0.9, 0.2], [0.9, 0.8, 0.1]], NAMES)
    assert evaluation.to_json()["reasons"] == {
        "labels": {
            "label 1": dict.fromkeys(("recall", "f1", "average_precision", "roc_auc"), "undefined (no positives)"),
            "label 2": {"roc_auc": "undefined (no negatives)"},
            "label 3": {"precision": "undefined (nothing predicted)"},
        },
        "averages": {name: {} for name in ("micro", "macro", "weighted", "samples", "samples_labelled")},
        "macro": {},
        "no_finding": {
            "recall": "undefined (every slice has a label)",
            "false_alarm_rate": "undefined (every slice has a label)",
            "precision": "undefined (no slice called no finding)",
        },
        "baseline": {},
    }
    assert undefined_reason(evaluate([[0]], [[0.1]], ["a"]), "micro avg", "precision") == "undefined (no positives)"


def test_macro_is_over_the_labels_where_a_score_is_defined():
    truth = np.array([[0, 1, 1], [0, 1, 0]])
    evaluation = evaluate(truth, [[0.1, 0.9, 0.2], [0.9, 0.8, 0.1]], NAMES)
    assert evaluation.macro["average_precision"] == 1  # of two labels: the first has no positive
    assert evaluation.macro["roc_auc"] == 1  # of the third alone
    assert evaluation.macro["brier"] == pytest.approx(evaluation.scores["brier"].mean())
    certain = evaluate([[1, 1]], [[0.9, 0.8]], NAMES[:2])
    assert np.isnan(certain.macro["roc_auc"])
    reason = "undefined (no label with both positives and negatives)"
    assert certain.to_json()["reasons"]["macro"] == {"roc_auc": reason}


def test_a_rare_label_makes_predicting_nothing_look_accurate():
    truth = np.zeros((100, 3), dtype=np.uint8)
    truth[:5] = 1
    evaluation = evaluate(truth, np.full(truth.shape, 0.2), NAMES)
    baseline = evaluation.to_json()["baseline"]
    assert baseline == {
        "name": "predict nothing",
        "micro_f1": 0,
        "macro_f1": 0,
        "binary_accuracy": 0.95,
        "subset_accuracy": 0.95,
        "hamming_loss": pytest.approx(0.05),
        "no_finding": {"slices": 95, "recall": 1, "precision": 0.95, "false_alarm_rate": 0},
    }
    assert evaluation.overall == evaluation.baseline  # a model that never speaks is no better


def test_the_baseline_has_no_f1_without_positives():
    baseline = evaluate([[0, 0]], [[0.9, 0.1]], NAMES[:2]).to_json()["baseline"]
    assert baseline["micro_f1"] is baseline["macro_f1"] is None
    assert baseline["binary_accuracy"] == 1


def test_thresholds_are_a_half_unless_given(nested):
    truth, probabilities = nested
    halves = evaluate(truth, probabilities, NAMES, [0.5] * 3)
    assert evaluate(truth, probabilities, NAMES).to_json() == halves.to_json()
    assert evaluate([[1]], [[0.5]], ["a"]).counts.true_positives.tolist() == [1]
    assert evaluate([[1]], [[0.5]], ["a"], [0.51]).counts.false_negatives.tolist() == [1]


GOOD: dict[str, Any] = {"truth": [[1, 0], [0, 0]], "probabilities": [[0.9, 0.2], [0.1, 0.3]], "label_names": ["a", "b"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"probabilities": [[0.9, 0.2]]}, "truth is 2 × 2 and probabilities are 1 × 2"),
        ({"truth": [1, 0], "probabilities": [0.9, 0.2]}, "truth is 2 and probabilities are 2; expected"),
        ({"probabilities": [[0.9, np.nan], [0.1, 0.3]]}, r"probabilities hold nan \(slice 0, label 1"),
        ({"probabilities": [[0.9, 0.2], [1.5, 0.3]]}, r"probabilities hold 1.5 \(slice 1, label 0"),
        ({"probabilities": [[0.9, 0.2], [0.1, -0.1]]}, "probabilities hold -0.1"),
        ({"probabilities": [[0.9, 0.2], [0.1, np.inf]]}, "probabilities hold inf"),
        ({"truth": [[1, 0], [2, 0]]}, r"truth holds 2 \(slice 1, label 0"),
        ({"truth": [[1, 0], [None, 0]]}, "truth holds nan"),
        ({"truth": np.zeros((0, 2)), "probabilities": np.zeros((0, 2))}, "nothing to evaluate in 0 × 2"),
        ({"label_names": ["a"]}, "truth has 2 columns for 1 label names"),
        ({"thresholds": [0.5]}, "thresholds are 1; expected one for each of a, b"),
        ({"thresholds": [0.5, 1.2]}, "the threshold of b is 1.2"),
        ({"thresholds": [np.nan, 0.5]}, "the threshold of a is nan"),
    ],
)
def test_bad_input_is_refused_in_one_line(change, words):
    evaluate(**GOOD)
    with pytest.raises(InvalidInput, match=words) as refusal:
        evaluate(**(GOOD | change))
    assert "\n" not in str(refusal.value)


def test_importing_the_package_loads_numpy_only():
    heavy = "{'pandas', 'sklearn', 'scipy', 'pyarrow', 'tensorflow', 'keras', 'streamlit', 'mlflow', 'distributed'}"
    code = f"import sys, mri_core.evaluation; print(sorted({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
