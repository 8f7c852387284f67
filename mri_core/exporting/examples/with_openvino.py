"""Predict one image with an exported OpenVINO model: python THIS.py MODEL.xml IMAGE. Needs openvino, pillow."""

import json
import sys

import numpy as np
from openvino import Core
from PIL import Image, ImageOps

model = Core().read_model(sys.argv[1])
facts = {name: json.loads(model.get_rt_info(["mri", name]).value) for name in ("labels", "thresholds", "image_shape")}
height, width, *colour = facts["image_shape"]
image = Image.open(sys.argv[2]).convert("RGB" if colour else "L")
slices = np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.BOX)).reshape(1, height, width, -1)
probabilities = Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(slices)[0][0]
for label, probability in zip(facts["labels"], probabilities, strict=True):
    print(f"{label}: {probability:.4f} {'on' if probability >= facts['thresholds'][label] else 'off'}")
