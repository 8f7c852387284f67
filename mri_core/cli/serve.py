"""The command that serves a model over HTTP: serve."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from mri_core.cli.output import Json, messages, print_json
from mri_core.cli.training import RunName
from mri_core.errors import InvalidInput
from mri_core.prediction.predictor import load_predictor
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

_VARIABLE = "MRI_TOKEN"


def serve(
    run: RunName,
    host: Annotated[str, typer.Option(help="The address to listen at; another than this computer needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = 8502,
    json: Json = False,
) -> None:
    """Answer predictions over HTTP. The variable MRI_TOKEN holds the token that clients have to show."""
    import uvicorn

    from mri_core.serving.service import LOOPBACK, make_service

    token = os.environ.get(_VARIABLE) or None
    if host not in LOOPBACK and token is None:
        raise InvalidInput(
            f"listening at {host} lets others in; expected a secret token in the variable {_VARIABLE}: set it, "
            "or listen at 127.0.0.1"
        )
    found = RunStore(Settings()).find(run)
    service = make_service(load_predictor(found.folder), found.name, token)
    address = f"http://{host}:{port}"
    if json:
        print_json({"run": found.id, "address": address})
    else:
        messages.print(f"Serving {found.name} at {address}; {address}/docs says how.", markup=False)
    uvicorn.run(service, host=host, port=port, log_level="warning", limit_concurrency=200, server_header=False)


COMMANDS = {"serve": serve}
