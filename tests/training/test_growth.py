from __future__ import annotations

from mri_core.datasets.dataset import open_dataset
from mri_core.training.growth import Growth, training_set_growth


def test_growth_follows_the_flips_and_the_labelled_share(trained):
    dataset = open_dataset("demo", trained.settings)
    train = dataset.index[dataset.index["split"] == "train"]
    n, labelled = len(train), int((train[list(dataset.label_names)].sum(axis=1) > 0).sum())
    assert training_set_growth(dataset) == [
        Growth("none", n, n),
        Growth("horizontal", 2 * n, n + labelled),
        Growth("vertical", 2 * n, n + labelled),
        Growth("both", 3 * n, n + 2 * labelled),
    ]
