from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_voi, apply_windowing

from mri_core.images.dicom_window import find, first_number, windowed

VALUES = np.random.default_rng(8).integers(0, 2000, (12, 10)).astype(np.uint16)


def described(**tags: Any) -> Dataset:
    dataset = Dataset()
    dataset.BitsStored, dataset.PixelRepresentation, dataset.PhotometricInterpretation = 16, 0, "MONOCHROME2"
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def shown(values: np.ndarray, *datasets: Dataset) -> np.ndarray:
    found = windowed(values, list(datasets))
    assert found is not None
    return found


@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("window", [(600, 1600), (1000, 20.5), (-300, 900), ([900, 5], [700, 5])])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2.5, -1000)])
def test_windows_agree_with_pydicom(function, window, slope, intercept):
    dataset = described(WindowCenter=window[0], WindowWidth=window[1], RescaleSlope=slope, RescaleIntercept=intercept)
    if function:
        dataset.VOILUTFunction = function
    values = VALUES * slope + intercept
    expected = (apply_windowing(values, dataset) - intercept) / (65535 * slope) * 255
    assert np.allclose(shown(values, dataset), expected, atol=1e-6)


@pytest.mark.parametrize("window", [(600, 0), (600, -5), (600, 0.5), ("", ""), (None, 5), (5, None)])
def test_a_window_that_is_missing_or_forbidden_by_the_standard_is_none(window):
    assert windowed(VALUES, [described(WindowCenter=window[0], WindowWidth=window[1])]) is None
    assert windowed(VALUES, [described()]) is None


def test_a_window_one_wide_is_a_threshold():
    found = shown(VALUES, described(WindowCenter=1000, WindowWidth=1))
    assert np.array_equal(found, np.where(VALUES >= 1000, 255, 0))


def test_the_most_particular_window_counts():
    frame, file = described(WindowCenter=600, WindowWidth=100), described(WindowCenter=5, WindowWidth=10)
    assert np.array_equal(shown(VALUES, frame, file), shown(VALUES, frame))
    assert np.array_equal(shown(VALUES, described(), file), shown(VALUES, file))


@pytest.mark.parametrize("first", [0, 100])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("representation", ["US", "OW"])
def test_a_voi_table_comes_before_a_window(first, bits, representation):
    words = (np.sqrt(np.linspace(0, 1, 1500)) * (2**bits - 1)).astype(np.uint16)
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [len(words), first, bits])
    table.add_new("LUTData", representation, words.tolist() if representation == "US" else words.tobytes())
    dataset = described(WindowCenter=5, WindowWidth=10, VOILUTSequence=[table])
    found = shown(VALUES, dataset)
    assert np.allclose(found, np.interp(VALUES - float(first), np.arange(1500), words) / (2**bits - 1) * 255)
    if bits > 8 and representation == "US":
        assert np.allclose(found, apply_voi(VALUES, dataset) / (2**bits - 1) * 255)


def test_finding_and_numbers():
    assert find([described(), described(InstanceNumber=3)], "InstanceNumber") == 3
    assert find([described(PatientID="")], "PatientID") is None
    assert [first_number(value) for value in (2, [3, 4], None, [], float("nan"))] == [2, 3, None, None, None]
