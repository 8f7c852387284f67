"""The HTTP service over one run's model: /v1/predict, /v1/model, /healthz, and a page that documents them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, File, UploadFile
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.formparsers import MultiPartParser
from starlette.requests import Request

from mri_core.errors import ImageError
from mri_core.images.apart import CHILDREN, read_apart
from mri_core.images.limits import ACCEPTED, MB, base_name
from mri_core.images.picture import picture
from mri_core.prediction.answers import FileAnswer, answers_json
from mri_core.prediction.predictor import Predictor
from mri_core.serving.access import AccessLog
from mri_core.serving.batching import Batcher
from mri_core.serving.gate import MAX_FILES, MAX_REQUEST_BYTES, Gate

USE = "For research and teaching. Not for clinical use."
PLACES = ("/v1/predict", "/v1/model", "/healthz", "/docs", "/openapi.json")


class Volume(BaseModel):
    """What the model says of the patient: of each label the mean probability of its most probable slices.

    place: the number of the answered slice in the volume, counted from 0.
    """

    place: int
    name: str
    slices: int
    probabilities: dict[str, float]
    labels: list[str]
    no_finding: bool


class Answer(BaseModel):
    """What the model says of one slice, as `mri predict --json` prints it; or why a file could not be read.

    slice: its number in the file, counted from 0, where that holds several. volume: of all slices of such a file.
    """

    file: str
    slice: int | None = None
    probabilities: dict[str, float] | None = None
    thresholds: dict[str, float] | None = None
    labels: list[str] | None = None
    no_finding: bool | None = None
    warnings: list[str] | None = None
    series: str | None = None
    volume: Volume | None = None
    error: str | None = None


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Health(BaseModel):
    status: str


def make_service(predictor: Predictor, name: str, token: str | None = None) -> FastAPI:
    """The service. name: of the run. token: what clients have to show as a bearer token; None asks for nothing, which
    is for this computer alone: requests under another host's name are refused then."""
    # Files stay in memory, which the gate bounds: larger ones would lie in a temporary folder, with all their tags.
    MultiPartParser.spool_max_size = MAX_REQUEST_BYTES
    desk = Desk(predictor)
    service = FastAPI(
        title="MRI slices",
        summary=f"Label probabilities of MRI slices, by the model of {name}.",
        description=f"{USE} A request has at most {MAX_FILES} files and {MAX_REQUEST_BYTES // MB} MB.",
        version="1",
        lifespan=desk.opened,
        redoc_url=None,
    )
    service.add_middleware(Gate, token=token)
    service.add_middleware(AccessLog, places=PLACES)
    known = [Depends(HTTPBearer(auto_error=False))] if token is not None else []  # documented here, checked at the gate
    for_strangers = _problems(400 if token is None else 401)

    @service.post(
        "/v1/predict",
        dependencies=known,
        response_model=list[Answer],
        responses=for_strangers | _problems(400, 408, 413, 503),
    )
    async def predict(
        files: Annotated[list[UploadFile], File(min_length=1, max_length=MAX_FILES, description=f"Each {ACCEPTED}.")],
    ) -> JSONResponse:
        """Label probabilities of every slice of the files, in order. A file that cannot be read is an answer too."""
        # As it is: checking and converting our own records again would take longer than the model.
        return JSONResponse(answers_json(await desk.answer(files)))

    @service.get("/v1/model", dependencies=known, responses=for_strangers | _problems(413, 503))
    async def model() -> dict[str, Any]:
        """Labels, thresholds, calibration and the slices that the model takes."""
        return {"name": name, **predictor.description.model_dump(mode="json")}

    @service.get("/healthz", responses=_problems(400, 413))
    async def healthz() -> Health:
        """Whether the service answers."""
        return Health(status="ok")

    service.add_exception_handler(404, _unknown)
    service.add_exception_handler(405, _not_taken)
    service.add_exception_handler(500, _failed)
    return service


class Desk:
    """Reads the files of requests in confined processes, and asks the model about them."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._batcher = Batcher(predictor)
        # As many threads as files are read at once: more would wait for one another, and keep the model waiting.
        self._threads = ThreadPoolExecutor(CHILDREN, "reading")

    @asynccontextmanager
    async def opened(self, _service: FastAPI) -> AsyncIterator[None]:
        """A slice goes through every reading process and the model before the first request, which starts them."""
        blank = picture(np.zeros((2, 2), np.uint8), 32)
        await asyncio.gather(*(self._one(blank, "blank.png") for _ in range(CHILDREN)))
        yield

    async def answer(self, files: Sequence[UploadFile]) -> list[FileAnswer]:
        """One for each file, in their order. A request with many files has no more of the readers than another."""
        turn = asyncio.Semaphore(CHILDREN)

        async def one(file: UploadFile) -> FileAnswer:
            async with turn:
                return await self._one(await file.read(), base_name(file.filename or "file"))

        return await asyncio.gather(*map(one, files))

    async def _one(self, data: bytes, name: str) -> FileAnswer:
        how = self._predictor.description.preprocessing
        try:
            slices = await asyncio.get_running_loop().run_in_executor(self._threads, read_apart, data, name, how)
        except ImageError as error:
            return FileAnswer(name, error=str(error))
        return FileAnswer(name, tuple(await self._batcher.predict(slices)))


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the documentation says of refusals."""
    return {status: {"model": Problem} for status in statuses}


async def _unknown(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "there is no such address; /docs shows those there are"}, 404)


async def _not_taken(_request: Request, error: Exception) -> JSONResponse:
    headers = dict(getattr(error, "headers", None) or {})
    return JSONResponse(
        {"detail": f"this address takes {headers.get('Allow', 'another method')}; see /docs"}, 405, headers
    )


async def _failed(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "the service failed at this; its log says where. Other requests are answered"}, 500)
