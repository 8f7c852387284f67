"""Predict one image with an exported LiteRT model: python THIS.py MODEL.tflite IMAGE. Needs ai-edge-litert, pillow."""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

facts = json.loads(Path(sys.argv[1]).with_suffix(".json").read_text())
height, width, *colour = facts["image_shape"]
image = Image.open(sys.argv[2]).convert("RGB" if colour else "L")
slices = np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.BOX)).reshape(1, height, width, -1)
model = Interpreter(model_path=sys.argv[1]).get_signature_runner()
[[probabilities]] = model(**dict.fromkeys(model.get_input_details(), slices)).values()
for label, probability in zip(facts["labels"], probabilities, strict=True):
    print(f"{label}: {probability:.4f} {'on' if probability >= facts['thresholds'][label] else 'off'}")
