"""Images that a model of head MRI should not be believed on, by kind: what `doubts.py` shows it.

Each kind is a function of (held-out slices of the data set, a number, a generator) that gives so many images, uint8,
grey or colour, as a reader would hand them over. What is random is drawn anew for every image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from mri_core.datasets.demo.anatomy import Atlas, load_atlas
from mri_core.datasets.demo.patient import draw_head, sample_tissue
from mri_core.datasets.demo.scanner import HEALTHY
from mri_core.images import read_file
from mri_core.images.prepare import to_uint8

Images = list[np.ndarray]
Kind = Callable[[np.ndarray, int, np.random.Generator], Images]

EDGE = 64
_HOUNSFIELD = (37.0, 28.0, 8.0, 1100.0, 10.0)
"""Of grey matter, white matter, fluid, skull and scalp, typical; air has -1,000."""
_WINDOWS = ((0.0, 80.0), (-160.0, 240.0), None)
"""Brain, soft tissue, and the percentiles that a file without a window gets."""


def photos(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """scikit-learn's two photographs, in crops of 64 pixels to all of their height, every second one grey."""
    from sklearn.datasets import load_sample_images

    crops = [_crop(one, EDGE / one.shape[0], random) for one in _dealt(load_sample_images().images, number)]
    return [crop if place % 2 else to_uint8(crop.mean(axis=2), 0, 100) for place, crop in enumerate(crops)]


def digits(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """scikit-learn's handwritten digits, bright on black as a head is."""
    from sklearn.datasets import load_digits

    every = load_digits().images
    chosen = every[random.choice(len(every), number)]
    return [np.kron(one / 16 * 255, np.ones((8, 8))).astype(np.uint8) for one in chosen]


def uniform_noise(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    return list(random.integers(0, 256, (number, EDGE, EDGE), dtype=np.uint8))


def gaussian_noise(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """About a random level, of a random strength."""
    return [_uint8(random.normal(random.uniform(20, 230), random.uniform(5, 60), (EDGE, EDGE))) for _ in range(number)]


def salt_and_pepper(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """Black and white pixels, 1 % to 50 % white."""
    return [_uint8(255.0 * (random.random((EDGE, EDGE)) < random.uniform(0.01, 0.5))) for _ in range(number)]


def coloured_noise(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """Whose amplitude falls as 1/f to 1/f²: soft clouds."""
    return [_clouds(random.uniform(1, 2), random) for _ in range(number)]


def speckled_heads(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """Held-out slices under noise as strong as their brightest parts."""
    return [_uint8(one + random.normal(0, 80, one.shape)) for one in _some(held_out, number, random)]


def blank(_held_out: np.ndarray, number: int, _random: np.random.Generator) -> Images:
    """Of one intensity, from black to white."""
    return [np.full((EDGE, EDGE), level, np.uint8) for level in np.linspace(0, 255, number)]


def nearly_blank(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """One intensity with noise of 0.5 to 4 levels."""
    return [_uint8(random.normal(random.uniform(0, 255), random.uniform(0.5, 4), (EDGE, EDGE))) for _ in range(number)]


def half_turned(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    return [one[::-1, ::-1] for one in _some(held_out, number, random)]


def mirrored_vertically(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    return [one[::-1] for one in _some(held_out, number, random)]


def quarter_turned(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    return [np.rot90(one, random.choice([1, 3])) for one in _some(held_out, number, random)]


def inverted(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    return [255 - one for one in _some(held_out, number, random)]


def dimmed(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """A third of the intensity."""
    return [_uint8(one / 3) for one in _some(held_out, number, random)]


def magnified(held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """A part of half the slice's edge, which fills the picture."""
    return [_crop(one, 0.5, random, 0.5) for one in _some(held_out, number, random)]


def ct_files(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """pydicom's three CT files, whole and in crops of half to all of their edge."""
    files = [_pydicom(name) for name in ("CT_small.dcm", "693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm")]
    whole = [one for file in files for one in file]
    return whole + [_crop(one, 0.5, random) for one in _dealt(whole, number - len(whole))]


def ct_heads(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """CT of the simulator's heads: skull bright, brain of low contrast, in three windows."""
    heads = []
    for tissue in _heads(_atlas(), number, random):
        values = -1000 + np.tensordot(np.array(_HOUNSFIELD) + 1000, np.clip(tissue, 0, 1), 1)
        values += random.normal(0, random.uniform(3, 10), values.shape)
        window = _WINDOWS[random.integers(len(_WINDOWS))]
        if window is None:
            heads += list(to_uint8(values))
        else:
            heads += list(_uint8((values - window[0]) / (window[1] - window[0]) * 255))
    return heads[:number]


def t1_heads(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """T1-weighted spin echo of the simulator's heads, where the demo set's are FLAIR-like."""
    heads = []
    for tissue in _heads(_atlas(), number, random):
        tr, te = random.uniform(400, 700), random.uniform(8, 20)
        signals = [kind.pd * (1 - np.exp(-tr / kind.t1)) * np.exp(-te / kind.t2) for kind in HEALTHY]
        heads += list(to_uint8(_noisy(np.tensordot(signals, tissue, 1), random)))
    return heads[:number]


def coronal_heads(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """The simulator's heads cut from ear to ear, T2-weighted as the demo set's long inversion leaves them."""
    atlas = _atlas()
    turned = Atlas(atlas.fractions.transpose(0, 1, 3, 2), atlas.centre[[0, 2, 1]])
    heads = []
    for tissue in _heads(turned, number, random):
        signals = [
            kind.pd * abs(1 - 2 * np.exp(-2400 / kind.t1) + np.exp(-9000 / kind.t1)) * np.exp(-100 / kind.t2)
            for kind in HEALTHY
        ]
        image = np.tensordot(signals, tissue, 1)
        heads += list(_uint8(_noisy(image / signals[1], random) * 105))
    return heads[:number]


def other_mri(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """Real MRI of other kinds: pydicom's abdomen and small file, the T1 template of nilearn, without its skull, and
    nibabel's diffusion and functional volumes; whole, and in crops of nine tenths to all of their edge."""
    import nibabel
    import nilearn

    tests = Path(nibabel.__file__).parent / "tests" / "data"
    template = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    whole = [*_pydicom("examples_overlay.dcm"), *_pydicom("MR_small.dcm")]
    for path in (
        Path(nilearn.__file__).parent / "datasets" / "data" / template,
        tests / "example4d.nii.gz",
        tests / "functional.nii",
    ):
        slices = [one.pixels for one in read_file(path) if np.ptp(one.pixels) > 0]
        middle = slices[len(slices) // 4 : -len(slices) // 4]
        whole += middle[:: max(1, len(middle) // 20)]
    return [_crop(one, 0.9, random) for one in _dealt(whole, number)]


def scanned_pages(_held_out: np.ndarray, number: int, random: np.random.Generator) -> Images:
    """Dark lines of text on white, as of a report that was scanned."""
    pages = []
    for _ in range(number):
        page = np.full((297, 210), 250.0)
        for top in range(int(random.integers(15, 30)), 270, int(random.integers(8, 14))):
            words = random.random(45) < random.uniform(0.5, 0.9)
            page[top : top + 4, 15:195] -= np.repeat(words, 4)[np.newaxis] * random.uniform(100, 230, (4, 180))
        pages.append(_uint8(page))
    return pages


KINDS: dict[str, Kind] = {
    "photographs": photos,
    "handwritten digits": digits,
    "scanned pages": scanned_pages,
    "noise, uniform": uniform_noise,
    "noise, Gaussian": gaussian_noise,
    "noise, salt and pepper": salt_and_pepper,
    "noise, coloured": coloured_noise,
    "CT files": ct_files,
    "CT heads, simulated": ct_heads,
    "upside down, half a turn": half_turned,
    "upside down, mirrored": mirrored_vertically,
    "on the side, a quarter turn": quarter_turned,
    "blank": blank,
    "nearly blank": nearly_blank,
    "inverted": inverted,
    "real MRI of other kinds": other_mri,
    "T1-weighted heads, simulated": t1_heads,
    "coronal heads, simulated": coronal_heads,
    "a part, magnified": magnified,
    "a third as bright": dimmed,
    "under strong noise": speckled_heads,
}


def _some(held_out: np.ndarray, number: int, random: np.random.Generator) -> np.ndarray:
    return held_out[random.permutation(len(held_out))[:number]]


def _dealt(images: Images, number: int) -> Iterator[np.ndarray]:
    """So many images, each in turn."""
    return (images[place % len(images)] for place in range(number))


def _crop(image: np.ndarray, least: float, random: np.random.Generator, most: float = 1.0) -> np.ndarray:
    """A square part anywhere, of a share `least` to `most` of the shorter edge."""
    shorter = min(image.shape[:2])
    edge = max(1, round(shorter * random.uniform(least, most)))
    top, left = (random.integers(0, side - edge + 1) for side in image.shape[:2])
    return image[top : top + edge, left : left + edge]


def _clouds(power: float, random: np.random.Generator) -> np.ndarray:
    down, along = np.meshgrid(np.fft.fftfreq(EDGE), np.fft.rfftfreq(EDGE), indexing="ij")
    frequency = np.maximum(np.hypot(down, along), 1 / EDGE)
    spectrum = np.fft.rfft2(random.normal(size=(EDGE, EDGE))) / frequency**power
    return to_uint8(np.fft.irfft2(spectrum))


def _heads(atlas: Atlas, number: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Tissue fractions of so many slices, a patient's 20 at a time."""
    for _ in range(-(-number // 20)):
        yield sample_tissue(atlas, draw_head(atlas, random))


@cache
def _atlas() -> Atlas:
    return load_atlas()


def _noisy(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    real, imaginary = random.normal(0, 0.08 * np.percentile(image, 90), (2, *image.shape))
    return np.hypot(image + real, imaginary)


def _pydicom(name: str) -> Images:
    import pydicom

    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    return [one.pixels for one in read_file(folder / name)]


def _uint8(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
