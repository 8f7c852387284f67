"""What became of single slices: against the stored predictions, joined by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from mri_core.datasets.dataset import open_dataset
from mri_core.evaluation.predictions import load_predictions
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.outcomes import NOT_JUDGED, RIGHT, WRONG, with_outcomes
from mri_core.prediction.run_failures import find_failures
from mri_core.runs.store import RunStore


def test_every_slice_is_right_wrong_or_not_judged(trained) -> None:
    run = RunStore(trained.settings).get(trained.run_id)
    index = open_dataset("demo", trained.settings).index
    rows = np.array([299, 0, 150, *range(40, 120)])
    table = pd.DataFrame({"row": rows, "id": index["id"].iloc[rows].to_numpy()})
    found = with_outcomes(
        table, [find_failures(open_judged_run(run, split, trained.settings)) for split in ("validation", "test")]
    )
    assert found["id"].tolist() == table["id"].tolist()
    stored = {}
    for split in ("validation", "test"):
        one = load_predictions(run.folder, split)
        stored |= dict(zip(one.ids, zip(one.truth, one.probabilities, strict=True), strict=True))
    assert set(found["outcome"]) == {RIGHT, WRONG, NOT_JUDGED}
    for line in found.to_dict("records"):
        if line["id"] not in stored:
            assert line["outcome"] == NOT_JUDGED and np.isnan(line["loss"])
            assert index.set_index("id").loc[line["id"], "split"] == "train"
            continue
        truth, probabilities = stored[line["id"]]
        assert line["outcome"] == (RIGHT if ((probabilities >= 0.5) == truth).all() else WRONG)
        losses = [log_loss([on], [p], labels=[0, 1]) for on, p in zip(truth, probabilities, strict=True)]
        assert line["loss"] == pytest.approx(np.mean(losses), rel=1e-3, abs=1e-5)
