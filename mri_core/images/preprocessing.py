"""What is done to intensities and pixels between a file and a model, as a record that travels with data set and model.

The size and the channels a slice ends with are the `image_shape` that stands beside this record.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Resampling = Literal["box", "nearest", "bilinear", "bicubic", "lanczos"]
Window = Literal["dicom", "percentile"]
Axis = Literal["axial", "coronal", "sagittal"]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Preprocessing(BaseModel):
    """How files become slices. The defaults are what held before there was a choice.

    resampling: the filter that scales a slice to its size (Pillow's names).
    window: how intensities of more than 8 bits become 0-255. "dicom" takes the window a DICOM file declares, and
    percentiles where there is none; "percentile" never asks the file.
    low, high: the percentiles that become 0 and 255.
    axis: how volumes (NIfTI) are cut.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resampling: Resampling = "box"
    window: Window = "dicom"
    low: Percent = 0.5
    high: Percent = 99.5
    axis: Axis = "axial"

    @model_validator(mode="after")
    def _ordered(self) -> Preprocessing:
        if self.low >= self.high:
            raise ValueError(f"the percentiles are {self.low:g} and {self.high:g}, expected the first to be lower")
        return self


STANDARD = Preprocessing()
