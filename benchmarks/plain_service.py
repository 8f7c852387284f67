"""A prediction service as one writes it in an afternoon: FastAPI, Pillow and ONNX Runtime in one process.

    python benchmarks/plain_service.py MODEL.onnx PORT

It reads what it is sent in its own process, answers one request at a time and limits nothing.
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image


def main(model: str, port: str) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    height, width, channels = given.shape[1:]
    service = FastAPI()

    @service.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @service.post("/v1/predict")
    def predict(files: list[UploadFile]) -> list[dict]:
        answers = []
        for file in files:
            picture = Image.open(file.file).convert("L" if channels == 1 else "RGB").resize((width, height))
            pixels = np.asarray(picture).reshape(1, height, width, channels)
            (probabilities,) = session.run(None, {given.name: pixels})[0]
            answers.append({"file": file.filename, "probabilities": probabilities.tolist()})
        return answers

    uvicorn.run(service, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
