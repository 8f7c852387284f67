"""The study's facts: in their ranges, complete, and in line with each other."""

import pytest

from mri_core.evaluation.averages import overall
from mri_core.reproduction.study import CLAIMS, CONFIGURATIONS, LABELS, NO_FINDING, POSITIVES, REPORTED, SLICES
from mri_core.training.presets import PRESETS
from mri_core.training.spec import TrainingSpec

TABLES = [name for name, reported in REPORTED.items() if reported.labels]


def test_the_presets_are_the_studys_six() -> None:
    assert list(REPORTED) == ["cnn", "cnn-poisson", "cnn-rmsprop", "dense-adam", "dense-adam-80", "dense"]
    assert all(CONFIGURATIONS[name] == PRESETS[name] for name in REPORTED)
    assert TABLES == ["cnn", "dense-adam", "dense"]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_whole_and_its_averages_fit_its_labels(name: str) -> None:
    reported = REPORTED[name]
    averages = dict(reported.averages)
    nothing = overall([[1, 0]], [[0, 0]])
    assert set(averages) == set(nothing.averages) - {"samples_labelled"}
    assert len(reported.labels) == LABELS == len(POSITIVES)
    for score in range(3):
        column = [label[score] for label in reported.labels]
        assert averages["macro"][score] == pytest.approx(sum(column) / LABELS, abs=0.0101)
        weighted = sum(value * weight for value, weight in zip(column, POSITIVES, strict=True)) / sum(POSITIVES)
        assert averages["weighted"][score] == pytest.approx(weighted, abs=0.0151)
        assert min(column) - 0.01 <= averages["micro"][score] <= max(column) + 0.01
    for precision, recall, f1 in reported.labels:
        assert f1 == pytest.approx(2 * precision * recall / (precision + recall), abs=0.0101)


def test_its_counts_are_those_it_gives() -> None:
    assert sum(SLICES.values()) == 20_000 and sum(POSITIVES) == 3_284
    assert NO_FINDING / SLICES["train"] == pytest.approx(0.513, abs=0.0005)


@pytest.mark.parametrize("name", [name for name in CONFIGURATIONS if name not in REPORTED])
def test_a_variant_differs_from_a_preset_in_one_setting_and_from_all_others(name: str) -> None:
    spec = CONFIGURATIONS[name]

    def differing(other: TrainingSpec) -> list[str]:
        return [field for field in TrainingSpec.model_fields if getattr(spec, field) != getattr(other, field)]

    assert len(differing(PRESETS[name.split("-")[0]])) == 1
    assert all(differing(other) for known, other in CONFIGURATIONS.items() if known != name)


def test_claims_compare_configurations_there_are() -> None:
    assert all({claim.first, claim.second} <= set(CONFIGURATIONS) for claim in CLAIMS)
    compared = {name for claim in CLAIMS for name in (claim.first, claim.second)}
    assert compared == set(CONFIGURATIONS), "a configuration is trained for no claim"
    assert len({claim.text for claim in CLAIMS}) == len(CLAIMS)
    assert [claim.label for claim in CLAIMS if claim.label is not None] == [2]
