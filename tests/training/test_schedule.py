import pytest

from mri_core.training.schedule import learning_rate
from mri_core.training.spec import TrainingSpec

SCHEDULES = TrainingSpec.model_fields["schedule"].annotation.__args__


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rises_over_the_warm_up_to_the_rate_asked_for(schedule: str) -> None:
    spec = TrainingSpec(learning_rate=0.01, schedule=schedule, warmup=0.2)
    assert learning_rate(spec, 0) == 0
    assert learning_rate(spec, 0.1) == pytest.approx(0.005)
    assert learning_rate(spec, 0.2) == pytest.approx(0.01)


@pytest.mark.parametrize(("schedule", "half", "end"), [("constant", 1, 1), ("cosine", 0.5, 0), ("linear", 0.5, 0)])
def test_falls_as_named(schedule: str, half: float, end: float) -> None:
    spec = TrainingSpec(learning_rate=0.01, schedule=schedule)
    assert learning_rate(spec, 0) == 0.01
    assert learning_rate(spec, 0.5) == pytest.approx(0.01 * half)
    assert learning_rate(spec, 1 - 1e-9) == pytest.approx(0.01 * end, abs=1e-6)
