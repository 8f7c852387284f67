"""Predict one image with an exported Keras model: python THIS.py MODEL.keras IMAGE. Needs tensorflow, pillow."""

import json
import sys
from pathlib import Path

import numpy as np
from keras.models import load_model
from PIL import Image, ImageOps

facts = json.loads(Path(sys.argv[1]).with_suffix(".json").read_text())
height, width, *colour = facts["image_shape"]
image = Image.open(sys.argv[2]).convert("RGB" if colour else "L")
slices = np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.BOX)).reshape(1, height, width, -1)
probabilities = np.asarray(load_model(sys.argv[1])(slices, training=False))[0]
for label, probability in zip(facts["labels"], probabilities, strict=True):
    print(f"{label}: {probability:.4f} {'on' if probability >= facts['thresholds'][label] else 'off'}")
