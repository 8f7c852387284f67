"""The command that serves a model over HTTP: serve."""

from __future__ import annotations

import gc
import logging
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
_CONNECTIONS = 1000
"""Open at once, most of them idle; the service itself says how many requests it answers at once."""
_IDLE_SECONDS = 30
_FAREWELL_SECONDS = 20
"""How long requests that are being answered may take when the service is asked to end."""
IN_CLEAR = (
    "the service speaks HTTP without TLS: the token, the images that clients send and the answers cross the network in "
    "clear text, for anybody on it to read. Put a reverse proxy with TLS in front, and listen at 127.0.0.1 behind it."
)
"""What whoever lets others in is told."""


def serve(
    run: RunName,
    host: Annotated[str, typer.Option(help="The address to listen at; another than this computer needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = 8502,
    json: Json = False,
) -> None:
    """Answer predictions over HTTP. The variable MRI_TOKEN holds the token that clients have to show.

    One line a request goes to standard error, without files' names. Ctrl-C, or the signal TERM, ends the service when
    the requests that came before have been answered.
    """
    import uvicorn

    from mri_core.serving.access import ACCESS
    from mri_core.serving.gate import LOOPBACK
    from mri_core.serving.service import make_service

    token = os.environ.get(_VARIABLE) or None
    if host not in LOOPBACK and token is None:
        raise InvalidInput(
            f"listening at {host} lets others in; expected a secret token in the variable {_VARIABLE}: set it, "
            "or listen at 127.0.0.1"
        )
    found = RunStore(Settings()).find(run)
    service = make_service(load_predictor(found.folder), found.name, token)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if json:
        print_json({"run": found.id, "address": address})
    else:
        messages.print(f"Serving {found.name} at {address}; {address}/docs says how.", markup=False)
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    ACCESS.addHandler(lines)
    ACCESS.setLevel(logging.INFO)
    if host not in LOOPBACK:
        messages.print(f"warning: {IN_CLEAR}", markup=False)
    gc.freeze()  # what has been loaded stays; looking through it again and again would keep requests waiting
    uvicorn.run(
        service,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # ours is without what clients write
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_FAREWELL_SECONDS,
        server_header=False,
    )


COMMANDS = {"serve": serve}
