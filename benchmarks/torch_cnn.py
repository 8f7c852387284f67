"""Peer: the study's CNN written by hand in PyTorch: eager, channels last, bfloat16 where autocast allows it.

    python benchmarks/torch_cnn.py FOLDER [--epochs 3]

FOLDER holds a data set's slices.npy and index.parquet. Prints one line of JSON last, like plain_keras.py. These
settings were the fastest of eight that were tried on a processor with bfloat16.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

INDEX = ["id", "patient", "split", "source", "position", "checksum"]
BATCH = 64


def load(folder: Path, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, 3, H, W) float32 in [0, 1], channels last in memory, and labels (n, labels) float32."""
    index = pd.read_parquet(folder / "index.parquet")
    wanted = (index["split"] == split).to_numpy()
    grey = torch.from_numpy(np.load(folder / "slices.npy")[wanted]).float() / 255
    images = grey[:, None].repeat(1, 3, 1, 1).contiguous(memory_format=torch.channels_last)
    return images, torch.from_numpy(index.drop(columns=INDEX)[wanted].to_numpy("float32"))


def cnn(shape: tuple[int, ...], labels: int) -> nn.Module:
    """shape: (3, H, W). Gives logits."""
    parts: list[nn.Module] = []
    channels = shape[0]
    for rate in (0.25, 0.35, 0.25, 0.25):
        parts += [nn.Conv2d(channels, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(rate)]
        channels = 32
    features = nn.Sequential(*parts, nn.Flatten())
    units = features(torch.zeros(1, *shape)).shape[1]
    head = [nn.Linear(units, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(features, *head, nn.Linear(32, labels)).to(memory_format=torch.channels_last)


def f1(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Micro-F1 at threshold 0.5."""
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        given = torch.cat([model(part) > 0 for part in images.split(256)])
    hits = (given & (labels > 0.5)).sum()
    return float(2 * hits / (given.sum() + labels.sum()).clamp(min=1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()

    images, labels = load(options.folder, "train")
    images = torch.cat([images, images.flip(3)]).contiguous(memory_format=torch.channels_last)
    labels = torch.cat([labels, labels])
    validation = load(options.folder, "validation")
    model = cnn(tuple(images.shape[1:]), labels.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), 0.001)
    judge = nn.BCEWithLogitsLoss()
    rates, first_step = [], 0.0
    for epoch in range(options.epochs):
        model.train()
        began = time.perf_counter()
        for rows in torch.randperm(len(images)).split(BATCH):
            batch = images[rows].contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16):
                loss = judge(model(batch), labels[rows])
            loss.backward()
            optimizer.step()
            first_step = first_step or time.time()
        rates.append(len(images) / (time.perf_counter() - began))
        print(f"epoch {epoch + 1}: {rates[-1]:.0f} images/s, validation micro-F1 {f1(model, *validation):.3f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rates": rates, "first_step": first_step, "peak_memory_mb": peak}))


if __name__ == "__main__":
    main()
