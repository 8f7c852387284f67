"""The HTTP service over one run's model: /v1/predict, /v1/model, /healthz, and a page that documents them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Depends, FastAPI, File, UploadFile
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.middleware.trustedhost import TrustedHostMiddleware

from mri_core.errors import ImageError
from mri_core.images.apart import read_apart
from mri_core.images.limits import base_name
from mri_core.prediction.answers import FileAnswer, answers_json
from mri_core.prediction.predictor import Predictor
from mri_core.serving.batching import Batcher
from mri_core.serving.gate import MAX_FILES, MAX_REQUEST_BYTES, Gate

LOOPBACK = ("localhost", "127.0.0.1", "::1")
USE = "For research and teaching. Not for clinical use."


class Answer(BaseModel):
    """What the model says of one slice, as `mri predict --json` prints it; or why a file could not be read.

    slice: its number in the file, counted from 0, where that holds several.
    """

    file: str
    slice: int | None = None
    probabilities: dict[str, float] | None = None
    thresholds: dict[str, float] | None = None
    labels: list[str] | None = None
    no_finding: bool | None = None
    warnings: list[str] | None = None
    error: str | None = None


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Health(BaseModel):
    status: str


def make_service(predictor: Predictor, name: str, token: str | None = None) -> FastAPI:
    """The service. name: of the run. token: what clients have to show as a bearer token; None asks for nothing, which
    is for this computer alone: requests under another host's name are refused then."""
    batcher = Batcher(predictor)

    service = FastAPI(
        title="MRI slices",
        summary=f"Label probabilities of MRI slices, by the model of {name}.",
        description=f"{USE} A request has at most {MAX_FILES} files and {MAX_REQUEST_BYTES // 2**20} MB.",
        version="1",
    )
    service.add_middleware(Gate, token=token)
    if token is None:
        service.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    known = [Depends(HTTPBearer(auto_error=False))] if token is not None else []  # documented here, checked at the gate
    refusals: dict[int | str, dict[str, Any]] = {401: {"model": Problem}} if token is not None else {}
    bad: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (400, 408, 413)}

    @service.post("/v1/predict", dependencies=known, responses=refusals | bad, response_model_exclude_none=True)
    async def predict(files: Annotated[list[UploadFile], File(min_length=1, max_length=MAX_FILES)]) -> list[Answer]:
        """Label probabilities of every slice of the files: PNG, JPEG, TIFF, DICOM or NIfTI.

        A file that cannot be read is an answer too.
        """
        found = await asyncio.gather(*(_answer(batcher, predictor, file) for file in files))
        return [Answer(**record) for record in answers_json(found)]

    @service.get("/v1/model", dependencies=known, responses=refusals)
    async def model() -> dict[str, Any]:
        """Labels, thresholds, calibration and the slices that the model takes."""
        return {"name": name, **predictor.description.model_dump(mode="json")}

    @service.get("/healthz")
    async def healthz() -> Health:
        """Whether the service answers."""
        return Health(status="ok")

    @service.exception_handler(404)
    async def unknown(_request: object, _error: object) -> JSONResponse:
        return JSONResponse({"detail": "there is no such address; /docs shows those there are"}, 404)

    return service


async def _answer(batcher: Batcher, predictor: Predictor, file: UploadFile) -> FileAnswer:
    name = base_name(file.filename or "file")
    data = await file.read()
    try:
        slices = await asyncio.to_thread(read_apart, data, name, predictor.description.preprocessing)
    except ImageError as error:
        return FileAnswer(name, error=str(error))
    return FileAnswer(name, tuple(await batcher.predict(slices)))
