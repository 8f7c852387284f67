from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mri_core.datasets.dataset import list_datasets, open_dataset
from mri_core.datasets.demo.anatomy import TISSUES, load_atlas
from mri_core.datasets.demo.generate import LABELS, make_demo, simulate_patient
from mri_core.datasets.demo.lesion import draw_lesion
from mri_core.datasets.demo.patient import draw_head, sample_tissue
from mri_core.datasets.demo.scanner import CORE, HEALTHY, OEDEMA, RIM, Scanner
from mri_core.datasets.demo.scanner import signal as mr_signal
from mri_core.errors import InvalidInput


@pytest.fixture(scope="module")
def atlas():
    return load_atlas()


def test_the_atlas_is_a_head(atlas):
    assert len(atlas.fractions) == len(TISSUES)
    assert atlas.fractions.min() >= 0 and atlas.fractions.max() <= 1 + 1e-6
    litres = dict(zip(TISSUES, atlas.fractions.sum(axis=(1, 2, 3)) * 8e-6, strict=True))
    assert 0.5 < litres["grey matter"] < 1.2 and 0.4 < litres["white matter"] < 0.9  # an adult brain


def test_the_signal_is_that_of_an_inversion_recovery(atlas):
    scanner = Scanner(tr=9000, te=100, ti=2400, noise=0, gain=100)
    for tissue in (*HEALTHY, OEDEMA, CORE, RIM):
        recovery = 1 - 2 * np.exp(-2400 / tissue.t1) + np.exp(-9000 / tissue.t1)
        assert mr_signal(tissue, scanner) == pytest.approx(tissue.pd * abs(recovery) * np.exp(-100 / tissue.t2))
    grey, white, fluid, skull, _scalp = (mr_signal(tissue, scanner) for tissue in HEALTHY)
    assert skull < white < grey  # and fluid is suppressed, as FLAIR is for
    assert fluid < mr_signal(OEDEMA, scanner) < mr_signal(RIM, scanner)


def test_parts_of_a_lesion_are_nested_and_inside_the_brain(atlas):
    seen = {"whole": 0, "core": 0, "rim": 0}
    for number in range(12):
        random = np.random.default_rng([7, number])
        head = draw_head(atlas, random)
        brain = sample_tissue(atlas, head)[:3].sum(axis=0).clip(0, 1)
        lesion = draw_lesion(atlas, head, brain, random)
        assert (lesion.rim <= lesion.core + 1e-6).all()
        assert (lesion.core <= lesion.whole + 1e-6).all()
        assert (lesion.whole <= brain + 1e-6).all()
        for part in seen:
            seen[part] += bool((getattr(lesion, part) > 0.5).any())
    assert seen["whole"] >= seen["core"] >= seen["rim"] > 0


def test_a_patient_depends_on_seed_and_number_alone(atlas):
    first, again = simulate_patient(atlas, 3, 5), simulate_patient(atlas, 3, 5)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.pixels.shape == (20, 64, 64) and first.pixels.dtype == np.uint8
    assert (simulate_patient(atlas, 3, 6).pixels != first.pixels).any()
    assert (simulate_patient(atlas, 4, 5).pixels != first.pixels).any()
    assert (np.diff(first.heights) > 0).all()


def test_the_same_data_set_whatever_the_number_of_processes(home):
    one = make_demo(home, "one", 1020, processes=1)
    two = make_demo(home, "two", 1020, processes=2)  # 51 patients: enough for a second process
    assert one.fingerprint == two.fingerprint
    assert make_demo(home, "other", 300, seed=1).fingerprint != make_demo(home, "same", 300).fingerprint


def test_a_demo_set_is_split_by_patient_and_labelled_as_simulated(home):
    seen = []
    dataset = make_demo(home, slices=410, progress=lambda done, total: seen.append((done, total)))
    assert dataset.header.simulated and dataset.header.slices == 410 and dataset.header.patients == 21
    assert dataset.label_names == LABELS and dataset.image_shape == (64, 64)
    assert dataset.index.groupby("patient", observed=True)["split"].nunique().max() == 1
    assert set(dataset.index["split"]) == {"train", "validation", "test"}
    assert seen[-1] == (410, 410) and dataset.index["id"].is_unique
    level, inner, _rim = dataset.truth.mean(axis=0)
    assert level > inner > 0 and 0.3 < (dataset.truth.sum(axis=1) == 0).mean() < 0.7


@pytest.mark.parametrize(
    ("slices", "seed", "said"),
    [
        (99, 0, "slices is 99, expected 100 to 1,000,000"),
        (10**9, 0, "slices is 1000000000, expected"),
        (300, -1, "seed is -1, expected 0 or more"),
    ],
)
def test_bad_counts_are_refused(home, slices, seed, said):
    with pytest.raises(InvalidInput, match=said):
        make_demo(home, slices=slices, seed=seed)
    assert list_datasets(home) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_leaves_nothing(home, sent):
    # A shell's background job, which a test run may be, is started deaf to SIGINT.
    hearing = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    typed = "import sys; sys.argv = ['mri', 'demo', '--slices', '20000']; from mri_core.cli import main; main()"
    command = [sys.executable, "-c", f"{hearing}; {typed}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ, start_new_session=True)
    progress = home.datasets / ".demo.partial" / "progress.json"
    while not progress.exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "error: interrupted; nothing half-made was kept" in said
    assert "Traceback" not in said
    assert list_datasets(home) == [] and not progress.parent.exists()
    assert open_dataset(make_demo(home, slices=100).name, home)
