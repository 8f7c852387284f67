"""What is shown of a reproduction: the numbers in its tables, its curves, and names taken literally."""

import re
from typing import get_args

import pytest
from reproduction_support import finish, finish_all, queue

from mri_core import words
from mri_core.documents import Badge, Grid, Note, Table, plain, render, render_markdown
from mri_core.evaluation.table import AVERAGE_ROWS
from mri_core.reproduction.claims import Finding
from mri_core.reproduction.page import SECTIONS, SIMULATED, reproduction_document, verdicts_in_words
from mri_core.reproduction.progress import configurations, read_standing
from mri_core.reproduction.result import make_reproduction
from mri_core.reproduction.study import CLAIMS
from mri_core.reproduction.tables import (
    NONE,
    TONES,
    claims_table,
    cost_table,
    data_table,
    scores_table,
    settings_table,
    standing_table,
    summary_table,
)
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress


@pytest.fixture
def found(studied):
    standing = read_standing(studied.dataset.fingerprint, studied.store, configurations(), 3)
    return make_reproduction(studied.dataset, standing, studied.store)


def rows(table: Table) -> dict[str, tuple[str, ...]]:
    return {plain(row[0]): tuple(map(plain, row[1:])) for row in table.rows}


def parts(found, title: str, kind: type) -> list:
    return [part for part in SECTIONS[title](found) if isinstance(part, kind)]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0412, "+0.041"), (-0.0412, "−0.041"), (0.0, "0.000"), (-0.0001, "−0.000")]
)
def test_a_difference_has_its_sign(value: float, text: str) -> None:
    assert words.difference(value) == text


def test_claims_show_difference_interval_seeds_and_verdict(found) -> None:
    table = claims_table(found)
    assert [plain(row[0]) for row in table.rows] == [claim.text for claim in CLAIMS]
    verdict = found.verdicts[0]
    finding, difference, compared, seeds = rows(table)["Horizontal flips help the CNN"]
    interval = verdict.interval
    assert (
        difference
        == f"{words.difference(interval.mean)} ({words.difference(interval.low)} to {words.difference(interval.high)})"
    )
    assert (finding, compared, seeds) == (verdict.finding, "cnn − cnn-no-flips in micro-F1", "2 of 3")
    finding, difference, compared, seeds = rows(table)["SGD at 0.01 beats Adam for the dense network's label 3"]
    assert finding == "undecided: 0 of 3 seeds finished" and (difference, seeds) == (NONE, "0 of 3")
    assert compared == "dense − dense-adam in F1 of label 3"
    assert all(isinstance(row[1], Badge) for row in table.rows)


def test_every_verdict_has_a_tone() -> None:
    assert set(TONES) == set(get_args(Finding))
    assert TONES["reproduced"] == "good" and TONES["not reproduced"] == "bad"


def test_a_presets_table_stands_beside_the_studys(found) -> None:
    configuration = found.configurations[0]
    table = scores_table(configuration)
    assert table.caption == "cnn, mean ± standard deviation over 2 of 3 seeds"
    assert [title for title, _ in table.groups] == ["", "Precision", "Recall", "F1"]
    f1 = configuration.rows[2].scores[2]
    here, study, difference = rows(table)["label 3"][6:]
    assert (
        here == f"{f1.mean:.3f} ± {f1.spread:.3f}"
        and study == "0.83"
        and difference == words.difference(f1.mean - 0.83)
    )
    assert list(rows(table)) == ["label 1", "label 2", "label 3", *AVERAGE_ROWS.values()]
    assert set(rows(table)["samples avg, labelled slices"][1::3]) == {NONE}


def test_without_the_studys_figures_there_are_no_empty_columns(found) -> None:
    table = scores_table(found.configurations[1])
    assert table.caption == "cnn-poisson, seed 0 alone, of 3"
    assert table.titles == ["", "Precision", "Recall", "F1"] and "±" not in rows(table)["micro avg"][2]


def test_all_configurations_are_summed_up(found) -> None:
    table = rows(summary_table(found))
    assert list(table) == list(configurations())
    micro = next(row for row in found.configurations[0].rows if row.name == "micro").scores[2]
    assert table["cnn"][:4] == (
        "2 of 3",
        f"{micro.mean:.3f} ± {micro.spread:.3f}",
        "0.88",
        words.difference(micro.mean - 0.88),
    )
    assert table["dense-adam"] == ("0 of 3", *[NONE] * 6)
    costs = rows(cost_table(found))
    assert costs["cnn"] == ("2 of 3", "2, 2", "1 min 0 s", "1,000", "800")
    assert costs["dense-adam"] == ("0 of 3", NONE, NONE, NONE, NONE)


def test_settings_that_differ_are_a_table_and_the_others_a_sentence(found) -> None:
    table, shared = settings_table(found.configurations)
    dense = dict(zip(table.titles[1:], rows(table)["dense"], strict=True))
    assert (dense["Architecture"], dense["Optimizer"], dense["Learning rate"]) == ("Dense", "SGD", "0.01")
    assert "Seed" not in table.titles and "patience: 4" in shared and "optimizer" not in shared
    assert all(len(set(column)) > 1 for column in zip(*rows(table).values(), strict=True))


def test_data_stand_beside_the_studys(found, studied) -> None:
    table = rows(data_table(found))
    validation = studied.dataset.truth[studied.dataset.rows("validation")]
    positives = int(validation[:, 0].sum())
    assert table["label 1, validation"] == (
        f"{positives} ({100 * positives / len(validation):.1f} %)",
        "1,447 (48.2 %)",
    )
    assert table["Slices, train"][1] == "12,000" and table["No finding, train"][1] == "6,153 (51.3 %)"


def test_curves_are_small_multiples_with_the_same_axes(found) -> None:
    grids = parts(found, "Curves", Grid)
    assert [grid.title for grid in grids] == ["Loss, CNN", "Micro-F1, CNN", "Loss, Dense", "Micro-F1, Dense"]
    figures = [figure.figure for figure in grids[0].figures]
    assert [figure.layout.title.text for figure in figures] == ["cnn", "cnn-poisson", "cnn-no-flips"]
    assert len({figure.layout.xaxis.range for figure in figures}) == 1
    (low, high) = figures[0].layout.yaxis.range
    assert all(low < value < high for figure in figures for trace in figure.data for value in trace.y)
    lines = [trace for trace in figures[0].data if trace.mode != "markers"]
    assert [trace.line.dash for trace in lines] == ["solid", "dash"] * 2
    assert [trace.name for trace in lines[::2]] == ["seed 0", "seed 1"]


def test_each_state_is_in_the_table_of_runs(bench) -> None:
    finish(bench.store, bench.dataset, "cnn", 0, epochs=1)
    bench.store.finish(queue(bench.store, bench.dataset, "cnn", 1).id, "failed")
    run = queue(bench.store, bench.dataset, "dense", 0)
    bench.store.start(run.id, process_of(), 1)
    bench.store.log_progress(run.id, Progress(3, 20, 5, 10, 77.0, None, "training", 0.0))
    gone = finish(bench.store, bench.dataset, "dense", 1, epochs=1)
    (gone.folder / "predictions.parquet").unlink()
    standing = read_standing(bench.dataset.fingerprint, bench.store, ("cnn", "dense"), 3)
    table = rows(standing_table(standing))
    assert table["cnn"] == ("finished", "failed", "not started")
    assert table["dense"][:2] == ("running, epoch 3 of at most 20", "finished, predictions missing")


def test_the_document_says_how_far_it_is_and_that_data_are_simulated(found) -> None:
    document = reproduction_document(found)
    assert "7 of 30 runs have finished" in document.lead and verdicts_in_words(found) in document.lead
    counts = [int(word) for word in verdicts_in_words(found).replace("Of 9 claims", "").split() if word.isdecimal()]
    assert sum(counts) == 9
    assert [note.text for note in parts(found, "Claims", Note)] == [SIMULATED]
    markdown = render_markdown(document)
    assert "mri demo --name demo --slices 300 --seed 0\nmri reproduce --dataset demo --seeds 3" in markdown
    assert not re.search(r"\bnan\b", markdown, re.IGNORECASE)
    html = render(document)
    assert html.count('class="plot"') == len(document.figures) == 8


def test_real_data_is_not_called_simulated(found) -> None:
    found.dataset["simulated"] = False
    assert not parts(found, "Claims", Note)
    assert "mri demo" not in render_markdown(reproduction_document(found))


def test_names_from_a_user_are_taken_literally(bench) -> None:
    hostile = "</script><img src=x onerror=alert(1)>|"
    renamed = bench.dataset.header.model_copy(update={"label_names": (hostile, "b", "*c*"), "name": "my set"})
    data = type(bench.dataset)(bench.dataset.folder, renamed)
    data.__dict__["truth"] = bench.dataset.truth
    finish_all(bench.store, data, 2, {"cnn": 0.9})
    found = make_reproduction(data, read_standing(data.fingerprint, bench.store, configurations(), 2), bench.store)
    document = reproduction_document(found)
    assert "<img" not in render(document) and "&lt;img src=x" in render(document)
    assert "<img" not in render_markdown(document).replace(r"\<", "")
    assert "mri reproduce --dataset 'my set'" in render_markdown(document)


def test_an_empty_reproduction_is_a_document_too(bench) -> None:
    standing = read_standing(bench.dataset.fingerprint, bench.store, configurations(), 3)
    document = reproduction_document(make_reproduction(bench.dataset, standing, bench.store))
    assert document.figures == [] and "0 of 30 runs" in document.lead
    assert "no run has finished yet" in render_markdown(document)
