"""Predict one image with an exported ONNX model: python THIS.py MODEL.onnx IMAGE. Needs numpy, pillow, onnxruntime."""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
facts = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
height, width, *colour = facts["image_shape"]
image = Image.open(sys.argv[2]).convert("RGB" if colour else "L")
slices = np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.BOX)).reshape(1, height, width, -1)
probabilities = session.run(None, {"slices": slices})[0][0]
for label, probability in zip(facts["labels"], probabilities, strict=True):
    print(f"{label}: {probability:.4f} {'on' if probability >= facts['thresholds'][label] else 'off'}")
