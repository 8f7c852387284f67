"""From an architecture's name to a Keras model that takes slices as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mri_core.errors import InvalidInput, NotFound
from mri_core.models import ARCHITECTURES

if TYPE_CHECKING:
    import keras


def build_model(architecture: str, image_shape: tuple[int, ...], labels: int, channels: int = 3) -> keras.Model:
    """Build a network around its own normalisation, so that a saved model needs nothing beside it.

    image_shape: (H, W) for grey or (H, W, 3) for colour slices.
    labels: number of outputs, at least 1.
    channels: what the network sees; 3 repeats a grey slice, 1 leaves it grey.

    Input shape: (slices, H, W, 1) or (slices, H, W, 3), intensities 0-255 as uint8.
    Output shape: (slices, labels), probabilities.
    Raises NotFound for an unknown architecture, InvalidInput where the geometry does not fit.
    """
    if architecture not in ARCHITECTURES:
        raise NotFound(f"there is no architecture '{architecture}'; expected one of {', '.join(ARCHITECTURES)}")
    if labels < 1:
        raise InvalidInput(f"a model needs at least one label; received {labels}")
    stored = image_shape[2] if len(image_shape) == 3 else 1
    if channels not in (1, 3) or channels < stored:
        expected = "1 or 3" if stored == 1 else "3"
        raise InvalidInput(f"channels is {channels}, but the slices are stored with {stored}; expected {expected}")
    import keras
    from keras import layers

    slices = keras.Input((*image_shape[:2], stored), dtype="uint8", name="slices")
    x = layers.Rescaling(1 / 255, name="normalise")(slices)
    if channels > stored:
        x = layers.Concatenate(name="repeat_grey")([x] * channels)
    try:
        outputs = ARCHITECTURES[architecture](x, labels)
    except ValueError as error:
        raise InvalidInput(
            f"the architecture '{architecture}' does not fit slices of {image_shape[0]}×{image_shape[1]} pixels: "
            f"its layers shrink them to nothing; use larger slices or another architecture"
        ) from error
    return keras.Model(slices, outputs, name=architecture)


def count_parameters(architecture: str, image_shape: tuple[int, ...], labels: int, channels: int = 3) -> int:
    """Number of weights of the model that `build_model` would build with the same arguments."""
    return build_model(architecture, image_shape, labels, channels).count_params()


def average_with_mirror(model: keras.Model) -> keras.Model:
    """A model that answers with the mean over a slice and its mirror image, left and right swapped."""
    import keras

    slices = keras.Input(model.input_shape[1:], dtype="uint8", name="slices")
    both = [model(slices), model(keras.ops.flip(slices, axis=2))]
    return keras.Model(slices, keras.layers.Average()(both), name=f"{model.name}_mirrored")
