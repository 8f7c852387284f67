"""Many files at once give what each gives by itself, in order, with series put together."""

from __future__ import annotations

import io
import threading
from dataclasses import replace

import numpy as np
import pytest
from files_support import png, series_files, zipped

from mri_core.charts.batch import as_displayed, in_short, progress_in_words, saved_as_parquet, shown_rows
from mri_core.datasets.dataset import open_dataset
from mri_core.images.limits import LIMITS
from mri_core.prediction import batch, uploads
from mri_core.prediction.answers import FileAnswer, Source, answer_file, answers_table
from mri_core.prediction.batch import answer_many, merge_series
from mri_core.prediction.batch_job import BatchJob, Progress
from mri_core.prediction.batch_result import (
    ALL,
    DOUBTED,
    LABEL,
    NO_FINDING,
    conclusions,
    disputed,
    result_of,
    same_answer,
)
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.predictor import Prediction, Predictor, load_predictor
from mri_core.prediction.submission import submission_table
from mri_core.prediction.uploads import Desk, make_upload, origins_of
from mri_core.runs.store import RunStore


@pytest.fixture(autouse=True)
def _home(trained) -> None:
    """What the slices are compared with is found in the trained home."""


@pytest.fixture(scope="module")
def predictor(_trained_home) -> Predictor:
    return load_predictor(_trained_home.settings.runs / _trained_home.run_id)


@pytest.fixture(scope="module")
def pictures(_trained_home) -> list[tuple[str, bytes]]:
    """The first 40 slices of the demo set as PNG files, which is more than one pass takes."""
    pixels = open_dataset("demo", _trained_home.settings).pixels
    return [(f"slice {number:02}.png", png(np.asarray(pixels[number]))) for number in range(40)]


@pytest.fixture(scope="module")
def series() -> list[tuple[str, bytes]]:
    """Of five slices, in a folder of a study."""
    return [(f"study/T1/{name}", data) for name, data in series_files()]


def all_answers(predictor: Predictor, files: list[tuple[str, bytes]]) -> list[FileAnswer]:
    return [answer for found in answer_many(predictor, files) for answer in found.answers]


def said(probability: float, name: str = "x") -> Prediction:
    labels = ("a",) if probability >= 0.5 else ()
    return Prediction(name, None, np.zeros((2, 2), np.uint8), {"a": probability}, {"a": 0.5}, labels, ())


def test_a_batch_gives_what_each_file_gives_by_itself(predictor, pictures):
    files = [*pictures, ("broken.png", b"\x89PNG\r\n\x1a\n"), ("empty.dcm", b"")]
    answers = all_answers(predictor, files)
    assert [answer.file for answer in answers] == [name for name, _ in files]
    for place in (0, 31, 32, 38):
        [alone] = answer_file(predictor, pictures[place][1], "x").predictions
        [together] = answers[place].predictions
        assert together.labels == alone.labels and together.warnings == alone.warnings
        assert list(together.probabilities.values()) == pytest.approx(list(alone.probabilities.values()), abs=1e-6)
    assert answers[40].error is not None and answers[40].error.startswith("broken.png: ")
    assert answers[41].error is not None and answers[41].error.startswith("empty.dcm: the file is empty")


def test_large_slices_are_predicted_before_more_are_read(predictor, pictures, monkeypatch):
    monkeypatch.setattr(batch, "PIXELS_A_PASS", 3 * 64 * 64)
    sizes = []
    counting = replace(predictor)
    monkeypatch.setattr(
        Predictor, "predict", lambda self, slices, own=Predictor.predict: sizes.append(len(slices)) or own(self, slices)
    )
    assert len(all_answers(counting, pictures[:8])) == 8
    assert sizes == [3, 3, 2]


def test_what_is_in_a_zip_is_answered_file_by_file(predictor, pictures):
    files = [pictures[0], ("more.zip", zipped([*pictures[1:4], ("notes.txt", b"x")])), ("bad.zip", b"PK\x03\x04 no")]
    found = list(answer_many(predictor, files))
    answers = [answer for one in found for answer in one.answers]
    assert [answer.file for answer in answers] == [
        "slice 00.png", "more.zip/slice 01.png", "more.zip/slice 02.png", "more.zip/slice 03.png",
        "more.zip/notes.txt", "bad.zip",
    ]  # fmt: skip
    assert [bool(answer.error) for answer in answers] == [False, False, False, False, True, True]
    assert answers[2].sources == (Source("more.zip/slice 02.png", (1, 1)),)
    assert sum(one.share for one in found) == pytest.approx(1) and sum(one.more for one in found) == 3


def test_the_files_of_a_series_become_a_volume_in_order_of_place(predictor, pictures, series):
    upload = make_upload([pictures[0], ("study.zip", zipped([*series, ("study/README", b"x")]))])
    answers = merge_series(all_answers(predictor, list(upload.files)))
    assert len(answers) == 3 and answers[2].error
    volume = answers[1]
    assert [volume.file_of(number) for number in range(5)] == [f"study.zip/study/T1/{place}.dcm" for place in range(5)]
    assert [one.position for one in volume.predictions] == [0, 2.5, 5, 7.5, 10]
    assert volume.file.startswith("study.zip/study/T1 (series ") and volume.file.endswith(", 5 files)")
    contents = dict(series)
    assert [origin.data for origin in origins_of(upload, volume)] == [contents[f"study/T1/{n}.dcm"] for n in range(5)]
    [origin] = origins_of(upload, answers[0])
    assert (origin.name, origin.data, origin.number) == (*pictures[0], 0)
    table = answers_table([volume], predictor.description)
    assert list(table["slice"]) == [0, 1, 2, 3, 4] and set(table["series"]) == {volume.series}


def test_slices_without_a_place_come_last_in_order_of_instance():
    def one(name: str, position: float | None, instance: int | None) -> FileAnswer:
        prediction = replace(said(0.1), position=position)
        return FileAnswer(name, (prediction,), None, "s", instance, (Source(name, (0,)),))

    merged = merge_series([one("a", None, 3), one("b", 1.0, 2), one("c", 1.0, 1), one("d", None, 2), one("e", -5.0, 9)])
    assert [source.name for source in merged[0].sources] == ["e", "c", "b", "d", "a"]
    assert merged[0].file == "series s, 5 files"
    lone = one("a", 1.0, 1)
    assert merge_series([lone]) == [lone]


def test_a_cancelled_batch_keeps_what_is_done(predictor, pictures):
    asked = []

    def after_ten() -> bool:
        asked.append(0)
        return len(asked) > 10

    answers = [one for found in answer_many(predictor, pictures, after_ten) for one in found.answers]
    assert 0 < len(answers) <= 10 and all(answer.predictions for answer in answers)
    answered = {one.file for one in answers}
    assert [one.file for one in answers] == [name for name, _ in pictures if name in answered]


def test_a_job_counts_and_ends(predictor, pictures, monkeypatch):
    job = BatchJob(predictor, [*pictures, ("bad.png", b"")])
    assert job.wait(60) and not job.running and not job.stopped
    progress = job.progress
    assert (progress.files, progress.expected, progress.slices) == (41, 41, 40)
    assert progress.share == pytest.approx(1) and progress.seconds_left == pytest.approx(0, abs=1e-6)
    assert [one.file for one in job.result.unreadable] == ["bad.png"] and job.result.files == 40

    reading = threading.Event()
    let_go = threading.Event()

    def slow(*_):
        reading.set()
        let_go.wait(60)
        return []

    monkeypatch.setattr(batch, "_predicted", slow)
    stopped = BatchJob(predictor, pictures)
    reading.wait(60)
    assert stopped.running and not stopped.wait(0)
    stopped.cancel()
    let_go.set()
    assert stopped.wait(60) and stopped.stopped and len(stopped.result.table) == 0


def test_what_ends_a_job_early_is_raised(predictor, pictures, monkeypatch):
    def broken(*_):
        raise RuntimeError("the model is gone")

    monkeypatch.setattr(Predictor, "predict", broken)
    job = BatchJob(predictor, pictures[:2])
    assert job.wait(60)
    with pytest.raises(RuntimeError, match="the model is gone"):
        print(job.result)


def test_progress_says_how_long_it_will_take():
    begun = Progress(files=50, expected=200, slices=50, share=0.25, seconds=10)
    assert begun.seconds_left == pytest.approx(30) and begun.slices_a_second == 5
    assert progress_in_words(begun) == "50 of 200 files · 50 slices, 5 a second · 30 s left"
    assert "estimating" in progress_in_words(Progress(0, 9, 0, 0.0, 0.0))


@pytest.fixture
def model(predictor):
    return predictor.description.model_copy(update={"labels": ("a",)})


def results(model, *probabilities: float):
    answers = [FileAnswer(str(n), (said(p),), sources=(Source(str(n), (n,)),)) for n, p in enumerate(probabilities)]
    return result_of(model, [*answers, FileAnswer("bad", error="bad: no picture")])


def test_slices_are_found_by_what_is_concluded_and_sorted_by_probability(model):
    found = results(model, 0.2, 0.9, 0.6, 0.1)
    masks = found.masks()
    assert {kind: mask.tolist() for kind, mask in masks.items()} == {
        ALL: [True] * 4,
        f"{LABEL}a": [False, True, True, False],
        NO_FINDING: [True, False, False, True],
        DOUBTED: [False] * 4,
    }
    assert found.sorted(masks[ALL], "a").tolist() == [1, 2, 0, 3]
    assert found.sorted(masks[NO_FINDING], None).tolist() == [0, 3]
    assert found.prediction(1).probabilities == {"a": 0.9} and [one.file for one in found.unreadable] == ["bad"]


def test_runs_are_compared_slice_by_slice_whatever_each_could_read(model):
    first, other = results(model, 0.2, 0.9, 0.6), results(model, 0.8, 0.7)
    assert conclusions(first, other) == ["a", "a", None]
    assert disputed(first, [other]).tolist() == [True, False, False]
    assert same_answer(first, 1, other) is other.answers[1] and same_answer(first, 2, other) is None
    shown = as_displayed(shown_rows(first, np.array([2, 0]), {"dense 1": other}), ["a"])
    assert shown.to_dict("list") == {
        "file": ["2", "0"], "probability a": [0.6, 0.2], "concluded": ["a", "no finding"],
        "concluded by dense 1": ["not answered", "a"],
    }  # fmt: skip
    assert in_short(first.prediction(0), None) == ("no finding", "0.200 a")


def test_a_table_without_slices_has_all_its_columns(model):
    found = results(model)
    assert len(found.table) == 0 and found.masks()[ALL].shape == (0,)
    assert list(results(model, 0.5).table) == list(found.table)


def test_parquet_has_what_the_table_has(model):
    import pandas as pd

    table = results(model, 0.25, 0.75).table
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(saved_as_parquet(table))), table)


def test_an_upload_is_called_by_its_names_and_contents():
    first = make_upload([("a", b"12"), ("b", b"3")])
    assert first.id == make_upload([("a", b"12"), ("b", b"3")]).id
    others = [[("a", b"1"), ("b", b"23")], [("b", b"3"), ("a", b"12")], [("a", b"12")], [("a1", b"2"), ("b", b"3")]]
    assert len({first.id, *(make_upload(files).id for files in others)}) == 5
    assert make_upload([("a\nb.png", b"1")]).files[0][0] == "a?b.png"
    assert make_upload([("a", b"12")]).single and not first.single and not make_upload([("z", zipped([]))]).single


def test_a_batch_is_begun_once_and_makes_way_with_its_upload(predictor, pictures, monkeypatch):
    desk = Desk()
    kept = desk.keep(make_upload(pictures[:1]))
    job = desk.job(kept, "run 1", lambda: predictor)
    assert desk.job(desk.keep(make_upload(pictures[:1])), "run 1", lambda: predictor) is job
    assert desk.job(kept, "run 2", lambda: predictor) is not job
    desk.forget_job(kept, "run 1")
    assert desk.job(kept, "run 1", lambda: predictor) is not job
    for number in range(uploads.MOST_UPLOADS):
        assert desk.upload(kept.id) is kept
        desk.keep(make_upload([("x", bytes([number]))]))
    assert desk.upload(kept.id) is None

    monkeypatch.setattr(uploads, "LIMITS", LIMITS.model_copy(update={"inflated_mb": 1}))
    large = [desk.keep(make_upload([("x", bytes(600_000) + bytes([number]))])) for number in range(2)]
    assert desk.upload(large[0].id) is None and desk.upload(large[1].id) is large[1]


def test_the_submission_is_what_the_model_concludes(trained):
    run = RunStore(trained.settings).get(trained.run_id)
    judged = open_judged_run(run, "test", trained.settings)
    middle = np.median(judged.predictions.probabilities, axis=0).tolist()
    description = judged.description.model_copy(
        update={"thresholds": dict(zip(judged.predictions.label_names, middle, strict=True))}
    )
    table = submission_table(replace(judged, description=description))
    assert list(table) == ["id", *run.label_names] and list(table["id"]) == list(judged.stored.ids)
    for label, threshold in description.thresholds.items():
        place = run.label_names.index(label)
        expected = [int(p >= threshold) for p in judged.predictions.probabilities[:, place]]
        assert table[label].tolist() == expected
    assert 0 < table[run.label_names[0]].sum() < len(table)
