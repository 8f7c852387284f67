"""One user's story, in a real Chromium: from an empty home to three probabilities."""

from __future__ import annotations

from browser_support import go_to, open_list
from pydicom.data import get_testdata_file

POINTS = "Math.max(0, ...[...document.querySelectorAll('.js-plotly-plot')].map(p => p.data?.[0]?.x?.length ?? 0))"
"""Epochs on the longest curve of the page."""


def test_from_an_empty_home_to_three_probabilities(page, home):
    page.get_by_text("There is no data set yet").wait_for()
    page.get_by_text("2,000 slices").click()
    page.get_by_role("button", name="Make the demo data set").click()
    page.get_by_text("2,000 simulated slices of 100 patients").wait_for()

    go_to(page, "Model", "Train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("button", name="Start training").wait_for()
    open_list(page.get_by_role("combobox", name="Preset"), page.get_by_role("option", name="dense-adam", exact=True))
    page.get_by_role("option", name="dense-adam", exact=True).click()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function(f"{POINTS} >= 1")
    seen = page.evaluate(POINTS)
    page.wait_for_function(f"{POINTS} > {seen}")  # without a click

    before = page.evaluate(POINTS)
    page.reload()
    page.wait_for_function(f"{POINTS} > {before}")

    page.get_by_role("link", name="Read its report").click()
    page.get_by_role("heading", name="Report").wait_for()
    page.get_by_text("predict nothing").first.wait_for()
    assert page.get_by_role("alert").count() == 0

    go_to(page, "Use", "Predict")
    page.get_by_role("heading", name="Predict").wait_for()
    page.set_input_files("input[type=file]", get_testdata_file("MR_small.dcm"))
    page.get_by_text("Concludes").wait_for()
    page.wait_for_function(f"{POINTS} === 3")
    probabilities = page.evaluate("[...document.querySelector('.js-plotly-plot').data[0].x]")
    assert len(probabilities) == 3 and all(0 <= p <= 1 for p in probabilities)
