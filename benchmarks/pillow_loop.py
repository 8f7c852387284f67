"""Peer of `mri import`: decode the files of a table with Pillow and stack them.

    python benchmarks/pillow_loop.py FOLDER TABLE.csv

Prints one line of JSON: the shape of what was read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image


def main(folder: str, table: str) -> None:
    rows = pd.read_csv(table)
    pixels = np.stack([np.asarray(Image.open(Path(folder) / name).convert("L")) for name in rows["file"]])
    print(json.dumps({"shape": pixels.shape}))


if __name__ == "__main__":
    main(*sys.argv[1:])
