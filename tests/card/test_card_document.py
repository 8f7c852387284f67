"""What a card says: the numbers of the evaluation, names taken literally, and whatever is missing in words."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from mri_core.card.card import make_card
from mri_core.card.forms import FORMS
from mri_core.card.json_document import card_json
from mri_core.card.limits import USE, limits
from mri_core.card.page import card_document
from mri_core.documents import Gallery, Grid, Table, plain, render, render_markdown
from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibration import fit_calibration
from mri_core.evaluation.thresholds import choose_threshold
from mri_core.prediction.finding_errors import errors_by_finding
from mri_core.prediction.model_file import save_calibration, save_thresholds
from mri_core.quality.checks import Quality
from mri_core.quality.finding import Finding
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec

HOSTILE = ("<script>alert(1)</script>", "**bold** [x](http://a.example)", "\"' onload='alert(1)' | `x`")


class Page(HTMLParser):
    """Every element with its attributes, and the text that is not a script's."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._inside = "", ""
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag) -> None:
        self._inside = ""

    def handle_data(self, data) -> None:
        self.text += "" if self._inside in ("script", "style") else data


def parts(card, kind: type) -> list:
    return [part for section in card_document(card).sections for part in section.parts if isinstance(part, kind)]


def section(card, title: str) -> dict[str, tuple[str, ...]]:
    """Rows of every table of one section, by their first cells."""
    (found,) = [one for one in card_document(card).sections if one.title == title]
    tables = [part for part in found.parts if isinstance(part, Table)]
    return {plain(row[0]): tuple(map(plain, row[1:])) for table in tables for row in table.rows}


@pytest.mark.parametrize("split", ["test", "validation"])
def test_scores_are_scikit_learns_at_the_models_thresholds(card, split) -> None:
    stored = card.judged[split].stored
    called = stored.probabilities >= 0.5
    (found,) = [one for one in card_document(card).sections if one.title == f"Scores on {split} slices"]
    table = {plain(row[0]): tuple(map(plain, row[1:])) for row in found.parts[0].rows}
    for position, name in enumerate(card.run.label_names[:2]):
        truth, answer = stored.truth[:, position], called[:, position]
        precision, _, f1, support = table[name]
        assert precision.startswith(f"{precision_score(truth, answer):.3f} (")
        assert f1.startswith(f"{f1_score(truth, answer):.3f} (") and support == str(truth.sum())
    assert table["micro avg"][2].startswith(f"{f1_score(stored.truth, called, average='micro'):.3f} (")
    assert table["rare"][1:] == ("undefined (no positives)", "undefined (no positives)", "0")
    assert set(table) >= {"macro avg", "weighted avg", "samples avg", "samples avg, labelled slices"}


def test_the_baselines_stand_beside_the_run(card) -> None:
    truth = card.judged["test"].stored.truth
    rows = section(card, "Scores on test slices")
    everything = f1_score(truth, np.ones_like(truth), average="micro")
    assert rows["Micro-F1"][1:3] == ("0.000", f"{everything:.3f}")
    assert rows["False alarms per slice"][1:3] == ("0.000", "1.000")
    assert f"reaches {everything:.3f}." in card_document(card).lead


def test_the_document_says_what_evaluate_says(card) -> None:
    document = card_json(card)
    for split in ("validation", "test"):
        assert document["scores"][split] == card.reports[split].judgement.to_json()
    assert document["run"]["history"][0]["f1"]["rare"] is None and "process" not in document["run"]
    assert json.loads(FORMS[".json"](card))["failures"]["split"] == "test"


def test_every_setting_is_there_and_changes_are_marked(card) -> None:
    changed = replace(card, run=replace(card.run, spec=make_spec("cnn", {"epochs": 7, "flips": "none"})))
    rows = section(changed, "Training")
    assert rows["Epochs"] == ("7", "changed: 20 in the preset") and rows["Batch size"] == ("64", "")
    assert rows["Flips"] == ("none", "changed: horizontal in the preset")
    assert len(rows) == len(type(card.run.spec).model_fields)


def test_the_data_is_counted_by_split(card) -> None:
    rows = section(card, "Data")
    truth = card.judged["test"].dataset.truth
    assert rows["Slices"] == ("400", "200", "200") and rows["Patients"] == ("80", "40", "40")
    test = truth[card.judged["test"].dataset.rows("test")]
    assert rows["whole"][2] == f"{test[:, 0].sum()} ({test[:, 0].mean() * 100:.1f} %)"
    assert rows["no finding"][2].startswith(f"{(test.sum(axis=1) == 0).sum()} ")


def test_thresholds_and_calibration_say_where_they_came_from(card, remake, folder) -> None:
    assert section(card, "Thresholds")["whole"][:2] == ("0.500", "Not chosen: a new model's 0.5")
    assert section(card, "Calibration")["whole"][:3] == ("none", "—", "—")
    stored = card.judged["validation"].stored
    fitted = fit_calibration(stored.truth[:, 0], stored.probabilities[:, 0], "whole", kinds=["platt"])
    save_calibration(folder, {"whole": fitted})
    choice = choose_threshold(stored, "whole", "sensitivity", 0.9, calibration={"whole": fitted})
    save_thresholds(folder, [choice])
    after = remake()
    threshold, why, sensitivity, *_ = section(after, "Thresholds")["whole"]
    assert threshold == f"{choice.value:.3f}" and float(sensitivity) >= 0.9
    assert why.startswith(f"Sensitivity of at least 0.9 on validation with {choice.support} positives, ")
    kind, before, held_out, *_ = section(after, "Calibration")["whole"]
    assert kind.startswith("Platt on validation with ")
    assert (before, held_out) == (f"{fitted.log_loss_before:.3f}", f"{fitted.log_loss_after:.3f}")


def test_the_gallery_shows_the_worst_slices(card) -> None:
    (gallery,) = parts(card, Gallery)
    predictions = card.judged["test"].predictions
    right = np.where(predictions.truth == 1, predictions.probabilities, 1 - predictions.probabilities)
    worst = np.argsort(np.log(np.clip(right, 1e-7, None)).mean(axis=1), kind="stable")[:24]
    shown = [picture.caption.splitlines()[0].split(",")[0] for picture in gallery.pictures]
    assert shown == predictions.ids[worst].tolist()
    first = int(predictions.ids[worst[0]][1:])
    assert gallery.pictures[0].caption.startswith(f"s{first:03}, patient p{first // 5:03}\nTruth: ")
    assert gallery.pictures[0].png.startswith(b"\x89PNG")


def test_nested_labels_are_found_and_repairs_measured(card) -> None:
    rows = section(card, "Nested labels")
    answers = card.judged["test"].predictions.probabilities >= 0.5
    predicted, without = answers[:, 1].sum(), (answers[:, 1] & ~answers[:, 0]).sum()
    assert rows["core"][:3] == ("whole", str(predicted), str(without)) and without > 0
    assert rows["Raise parents to their children"][0] == rows["Lower children to their parents"][0] == f"{without} → 0"


@pytest.mark.parametrize("form", FORMS)
def test_names_from_a_user_are_text(make, form) -> None:
    card = make(labels=HOSTILE, header={"name": "my set", "provenance": {"origin": HOSTILE[0]}})
    written = FORMS[form](card)
    if form == ".html":
        page = Page(written)
        assert all(name in page.text for name in HOSTILE)
        assert sum(tag == "script" for tag, _ in page.elements) == len(card_document(card).figures) + 2
        assert not [tag for tag, attributes in page.elements if any(name.startswith("on") for name in attributes)]
    if form == ".md":
        assert r"\<script\>" in written and r"\*\*bold\*\* \[x\]" in written
        assert "<script" not in written.replace(r"\<script", "")
    if form == ".json":
        assert json.loads(written)["model"]["labels"] == list(HOSTILE)


def test_nothing_is_fetched(card) -> None:
    page = Page(render(card_document(card)))
    links = [value for _, attributes in page.elements for key, value in attributes.items() if key in ("src", "href")]
    assert links and all(value.startswith(("#", "data:image/png;base64,")) for value in links)
    assert "default-src 'none'" in str(page.elements)


def test_the_use_is_said_once_and_undefined_never_as_a_number(card) -> None:
    markdown = render_markdown(card_document(card))
    assert markdown.count(USE) == 1 and markdown.lower().count("clinical") == 1
    assert not re.search(r"\bnan\b|\bNone\b", markdown, re.MULTILINE)


def test_the_card_outlives_its_data_set(card, remake, folder) -> None:
    shutil.rmtree(folder.parents[1] / "datasets")
    alone = remake()
    assert alone.data is None and set(alone.reports) == {"test", "validation"}
    rows = section(alone, "Data")
    assert rows["Slices"] == ("200", "200") and "Patients" not in rows
    document = card_json(alone)
    assert document["dataset"] == {"name": "set", "fingerprint": card.run.dataset_fingerprint, "found": False}
    assert document["scores"]["test"]["labels"] == card_json(card)["scores"]["test"]["labels"]
    assert not parts(alone, Gallery) and "cannot be shown" in render_markdown(card_document(alone))
    for write in FORMS.values():
        assert write(alone)


def test_unknown_patients_are_said(make) -> None:
    card = make(patients=False)
    assert section(card, "Data")["Patients"] == ("unknown", "unknown", "unknown")
    assert "patient" not in card_document(card).lead
    rows = section(card, "Scores on test slices")
    assert "False alarms per patient" not in rows and "Patients, most probable slice" not in rows
    assert FORMS[".html"](card) and FORMS[".json"](card)


def test_a_run_without_test_predictions_is_judged_on_validation(make) -> None:
    card = make(splits=("train", "validation"))
    assert card.split == "validation" and set(card.reports) == {"validation"}
    titles = [one.title for one in card_document(card).sections]
    assert "Scores on validation slices" in titles and "Scores on test slices" not in titles
    assert " validation slices of 80 patients" in card_document(card).lead
    assert section(card, "Data")["Slices"] == ("400", "400", "0")
    for write in FORMS.values():
        assert write(card)


def test_a_run_that_never_had_an_epoch_to_show_has_no_curves(card) -> None:
    without = replace(card, run=replace(card.run, history=()))
    titles = [grid.title for grid in parts(without, Grid)]
    assert not [title for title in titles if title.startswith("Curves")]
    assert [grid.title for grid in parts(card, Grid) if grid.title.startswith("Curves")]


def test_what_cannot_be_written_says_why(card, remake, folder) -> None:
    settings = Settings(home=folder.parents[1], tracking_uri="", scheduler="")
    queued = RunStore(settings).create(card.run.spec, "set", card.run.dataset_fingerprint, card.run.label_names)
    with pytest.raises(InvalidInput, match="is queued, expected one that has ended"):
        make_card(queued, settings)
    (folder / "predictions.parquet").unlink()
    with pytest.raises(NotFound, match="has no predictions yet"):
        remake()
    (folder / "model.json").unlink()
    with pytest.raises(NotFound, match="has no model yet"):
        remake()


def test_what_must_stay_with_the_data_set_is_not_told(make) -> None:
    card = make(
        header={"provenance": {"origin": "a scanner", "patient_salt": "9f3c77", "labels": {"core": "dense part"}}}
    )
    for write in FORMS.values():
        written = write(card)
        assert "a scanner" in written and "dense part" in written and "9f3c77" not in written


def test_what_the_checks_found_is_told_and_set_against_errors(card) -> None:
    found = {finding.title: finding for finding in card.quality.findings}
    rows = section(card, "Quality of the data")
    assert list(rows) == list(found) and found
    assert all(rows[title][0] == finding.severity for title, finding in found.items())
    document = card_json(card)
    assert [one["name"] for one in document["quality"]] == [finding.name for finding in card.quality.findings]
    by_finding = errors_by_finding(card.failures, card.quality.findings)
    assert [one["wrong"] for one in document["errors_by_finding"]] == by_finding["wrong"].tolist()
    failing = section(card, "Where it fails, on test slices")
    assert len(by_finding)
    for row in by_finding.itertuples():
        assert failing[row.finding][:2] == (str(row.slices), str(row.wrong))


def test_serious_findings_are_limits_and_no_finding_is_said(card) -> None:
    serious = Finding("bad", "Bad slices", "serious", 2, "slices", "2 slices are bad.", "Scores lie.", "Mend.")
    worse = replace(card, quality=Quality(card.quality.dataset, {"one": (serious,)}))
    assert ("Bad slices", "2 slices are bad. Scores lie.") in limits(worse)
    clean = replace(card, quality=Quality(card.quality.dataset, {"one": (), "two": ()}))
    assert "2 checks of 800 slices found nothing." in render_markdown(card_document(clean))


def test_the_versions_are_those_of_the_training(card) -> None:
    told = "The versions of the packages that it was trained with were not recorded."
    assert told in render_markdown(card_document(card)) and card_json(card)["versions"] == {}
    known = replace(card, run=replace(card.run, versions={"keras": "3.99.1"}))
    assert "3.99.1" in render_markdown(card_document(known)) and card_json(known)["versions"] == {"keras": "3.99.1"}
