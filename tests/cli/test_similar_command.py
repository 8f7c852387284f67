"""`mri similar`, as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from mri_core.datasets.dataset import open_dataset
from mri_core.embedding.embedding import embed

Typed = Callable[..., tuple[int, str, str]]


def test_the_document_lists_the_nearest_of_other_patients(trained, typed: Typed) -> None:
    dataset = open_dataset("demo", trained.settings)
    vectors, index = embed(dataset), dataset.index
    away = np.linalg.norm(vectors - vectors[45], axis=1)
    away[(index["patient"] == index["patient"][45]).to_numpy()] = np.inf
    status, printed, said = typed("similar", "demo", index["id"][45], "--count", 7, "--json")
    document = json.loads(printed)
    assert (status, said) == (0, "")
    assert (document["dataset"], document["fingerprint"]) == ("demo", dataset.fingerprint)
    assert document["slice"] == index["id"][45]
    assert [one["id"] for one in document["similar"]] == index["id"].iloc[np.argsort(away)[:7]].tolist()
    assert [one["distance"] for one in document["similar"]] == pytest.approx(np.sort(away)[:7].tolist(), rel=1e-4)
    everyone = json.loads(typed("similar", "demo", index["id"][45], "--all-patients", "--count", 299, "--json")[1])
    assert len(everyone["similar"]) == 299


def test_it_reads_in_words(trained, typed: Typed) -> None:
    slice_id = open_dataset("demo", trained.settings).index["id"][45]
    status, printed, _ = typed("similar", "demo", slice_id, "--count", 3)
    lines = printed.splitlines()
    assert status == 0 and lines[0].split() == ["slice", "patient", "split", "labels", "distance"] and len(lines) == 5


def test_what_cannot_be_done_is_said_in_one_line(trained, typed: Typed) -> None:
    for arguments, part in (
        (("nothing", "P00001-01"), "there is no data set 'nothing'"),
        (("demo", "nobody"), "there is no slice 'nobody' in data set 'demo'"),
    ):
        status, printed, said = typed("similar", *arguments)
        assert (status, printed) == (1, "") and part in said and said.count("\n") == 1
    assert typed("similar", "demo", "P00001-01", "--count", 0)[0] == 2
