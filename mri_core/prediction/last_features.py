"""Where a network still knows places: its features before they are flattened or averaged, found in its ONNX graph.

A convolutional network has them, one set of channels for each place of a grid; a dense network has none. The graph is
cut at them into two, from slices to features and from features to scores, so that a question about features can be
asked of the second part alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

PLACES = 12
"""Places along an edge that features shall have: the last ones see so much of the slice each that they place badly."""

_WINDOWED = ("Conv", "MaxPool", "AveragePool")
_AVERAGING = ("Add", "Mul", "Div", "Mean", "Sum", "Identity")
"""What may lie between the last sigmoids and the answers, where a network averages over several paths."""


@dataclass(frozen=True)
class Grid:
    """Places of features, by rows and by columns: the middle of place i lies at pixel start + i * step."""

    start: tuple[float, float] = (0, 0)
    step: tuple[float, float] = (1, 1)

    def weights(self, axis: int, pixels: int, places: int) -> np.ndarray:
        """(pixels, places): how much each pixel along an axis has of each place, linearly between their middles."""
        middles = self.start[axis] + self.step[axis] * np.arange(places)
        return np.stack([np.interp(np.arange(pixels), middles, one) for one in np.eye(places)], axis=1)


@dataclass(frozen=True)
class Features:
    """Features that all a path of the network concludes rests on.

    mirrored: whether they are of the slice's mirror image, left and right swapped.
    """

    grid: Grid
    mirrored: bool
    _before: Any
    _behind: Any

    def of(self, image: np.ndarray) -> np.ndarray:
        """(channels, rows, columns) float32. image: (H, W, 1 or 3) uint8."""
        return _run(self._before, image[np.newaxis])[0]

    def scores(self, features: np.ndarray) -> np.ndarray:
        """What the path makes of features (n, channels, rows, columns): logits (n, labels), not rounded to
        probabilities."""
        return _run(self._behind, features)


def last_features(model: Path) -> tuple[Features, ...]:
    """The last features with places of a saved model, kept while its file stays the same: one for each path that it
    averages over, none where a path has none or does not end in a sigmoid.

    Last are those with at least PLACES places along each edge; in a network that never has so many, with the most.
    """
    return _found(model, model.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _found(model: Path, _changed: int) -> tuple[Features, ...]:
    import onnx
    from onnx.utils import Extractor

    whole = onnx.shape_inference.infer_shapes(onnx.load(model))
    graph, parts = whole.graph, Extractor(whole)
    slices = graph.input[0].name
    shapes = {one.name: _sides(one) for one in [*graph.value_info, *graph.input]}
    made_by = {name: node for node in graph.node for name in node.output}
    grids = _grids(graph.node, shapes, shapes[slices][1:3])
    candidates = _candidates(graph, grids, shapes)
    found = []
    for scores in _scores(graph.output[0].name, made_by):
        name = _last(scores, slices, made_by, candidates)
        if name is None:
            return ()
        before, behind = (
            _session(parts.extract_model([slices], [name])),
            _session(parts.extract_model([name], [scores])),
        )
        found.append(Features(grids[name], _is_mirrored(before, shapes[slices][1:]), before, behind))
    return tuple(found)


def _grids(nodes: Iterable[NodeProto], shapes: dict[str, list[int]], pixels: list[int]) -> dict[str, Grid]:
    """The places of every tensor (n, channels, rows, columns) that a convolution or what follows it gives, by name.

    A convolution or a pooling moves a window over the places before it; what leaves the shape as it is keeps places.
    """
    grids: dict[str, Grid] = {}
    for node in nodes:  # each comes behind those that it reads
        if node.op_type in _WINDOWED:
            given = node.input[0]
            if given in grids or shapes.get(given, [])[2:] == pixels:
                grids[node.output[0]] = _behind_window(node, grids.get(given, Grid()))
        elif node.op_type != "Transpose":
            shape = shapes.get(node.output[0])
            same = (grids[name] for name in node.input if name in grids and shapes.get(name) == shape)
            if (grid := next(same, None)) is not None:
                grids[node.output[0]] = grid
    return grids


def _behind_window(node: NodeProto, before: Grid) -> Grid:
    from onnx.helper import get_attribute_value

    how = {one.name: get_attribute_value(one) for one in node.attribute}
    sizes, strides = how["kernel_shape"], how.get("strides", (1, 1))
    pads, apart = how.get("pads", (0, 0, 0, 0)), how.get("dilations", (1, 1))
    shifts = [(sizes[axis] - 1) * apart[axis] / 2 - pads[axis] for axis in (0, 1)]
    rows, columns = (before.start[axis] + shifts[axis] * before.step[axis] for axis in (0, 1))
    return Grid((rows, columns), (before.step[0] * strides[0], before.step[1] * strides[1]))


def _candidates(graph: GraphProto, grids: dict[str, Grid], shapes: dict[str, list[int]]) -> set[str]:
    """Features with enough places that a convolution reads, or that are flattened or averaged.

    Not those that a pooling reads: there, neighbours stand in for what is taken away.
    """
    readers = (node for node in graph.node if node.op_type == "Conv" or not any(name in grids for name in node.output))
    sides = {name: min(shapes[name][2:]) for node in readers for name in node.input if name in grids}
    enough = min(PLACES, max(sides.values(), default=0))
    return {name for name, side in sides.items() if side >= enough}


def _scores(answers: str, made_by: dict[str, NodeProto]) -> list[str]:
    """What the last sigmoids read, one on every path; nothing where something else gives the answers."""
    found: list[str] = []
    open_ = [answers]
    while open_:
        node = made_by.get(open_.pop())
        if node is None:
            continue  # a constant
        if node.op_type == "Sigmoid":
            found.append(node.input[0])
        elif node.op_type in _AVERAGING:
            open_ += node.input
        else:
            return []
    return found


def _last(scores: str, slices: str, made_by: dict[str, NodeProto], candidates: set[str]) -> str | None:
    """The one candidate that all that scores rest on passes last; None where there is no such."""
    found: set[str] = set()
    known: set[str] = set()
    open_ = [scores]
    while open_:
        name = open_.pop()
        if name == slices:
            return None
        if name in candidates:
            found.add(name)
        elif name in made_by and name not in known:
            known.add(name)
            open_ += made_by[name].input
    return found.pop() if len(found) == 1 else None


def _is_mirrored(before: Any, shape: Sequence[int]) -> bool:
    """Whether the right half of the features changes most when the left half of a slice does. shape: (H, W, 1 or 3)."""
    noise = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
    other = noise.copy()
    other[:, :, : shape[1] // 2] = 255 - noise[:, :, : shape[1] // 2]
    change = np.abs(_run(before, noise) - _run(before, other)).sum(axis=(0, 1, 2))
    return float(change[: len(change) // 2].sum()) < float(change[-(len(change) // 2) :].sum())


def _sides(value: Any) -> list[int]:
    return [side.dim_value for side in value.type.tensor_type.shape.dim]


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _run(session: Any, given: np.ndarray) -> np.ndarray:
    return session.run(None, {session.get_inputs()[0].name: given})[0]
