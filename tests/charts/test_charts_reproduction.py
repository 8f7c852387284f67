"""Small multiples of learning curves: shared axes, undefined values, and configurations without curves."""

from datetime import UTC, datetime
from pathlib import Path

from mri_core.charts.reproduction import seed_curves
from mri_core.runs.run import Run
from mri_core.training.presets import PRESETS


def run(seed: int, losses: list[float | None]) -> Run:
    history = tuple(
        {
            "epoch": i,
            "loss": loss,
            "val_loss": None if loss is None else loss + 1,
            "micro_f1": 0.5,
            "val_micro_f1": None,
        }
        for i, loss in enumerate(losses, start=1)
    )
    return Run(
        id="0" * 32, name="cnn 7", status="finished", spec=PRESETS["cnn"].model_copy(update={"seed": seed}),
        dataset_name="demo", dataset_fingerprint="f", label_names=("a",), created=datetime(2026, 1, 1, tzinfo=UTC),
        folder=Path("none"), history=history, best_epoch=1 if losses else None,
    )  # fmt: skip


def test_axes_are_shared_and_hold_every_value() -> None:
    figures = seed_curves({"<b>": [run(0, [1.0, 0.5])], "two": [run(0, [0.2, None, 0.1]), run(4, [3.0])]}, "loss")
    assert list(figures) == ["<b>", "two"]
    assert figures["<b>"].layout.title.text == "&lt;b&gt;"
    for figure in figures.values():
        assert figure.layout.yaxis.range[0] < 0.1 and figure.layout.yaxis.range[1] > 4.0
        assert figure.layout.xaxis.range[0] < 1 and figure.layout.xaxis.range[1] > 3
    assert [trace.name for trace in figures["two"].data if trace.mode != "markers"][::2] == ["seed 0", "seed 4"]


def test_shares_run_from_zero_to_one() -> None:
    (figure,) = seed_curves({"a": [run(0, [1.0])]}, "micro_f1").values()
    assert figure.layout.yaxis.range == (0, 1.04)


def test_what_has_no_curve_is_left_out() -> None:
    assert seed_curves({}, "loss") == {} == seed_curves({"a": [], "b": [run(0, [])]}, "loss")
    (figure,) = seed_curves({"a": [run(0, [None])]}, "loss").values()
    assert figure.layout.yaxis.range == (-0.05, 1.05)
