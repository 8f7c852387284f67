from __future__ import annotations

from mri_core.charts.intensity import intensity_histogram


def test_every_count_is_there_and_the_black_background_does_not_flatten_the_rest():
    counts = [3000, *[0] * 99, 40, *[0] * 155]
    figure = intensity_histogram(counts, 12.34)
    assert list(figure.data[0].x) == list(range(256)) and list(figure.data[0].y) == counts
    assert 40 < figure.layout.yaxis.range[1] < 100
    assert figure.layout.shapes[0].x0 == 12.34 and figure.layout.annotations[0].text == "mean 12.3"


def test_a_black_slice_can_be_drawn():
    assert intensity_histogram([64, *[0] * 255], 0).layout.yaxis.range[1] > 0
