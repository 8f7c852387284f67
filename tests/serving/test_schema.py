"""The service keeps to its own schema, whatever it is asked: schemathesis makes the requests from what it documents.

`SCHEMA_EXAMPLES=3000 python -m pytest tests/serving/test_schema.py` asks for longer.
"""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from mri_core.prediction.predictor import load_predictor
from mri_core.serving.service import make_service

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "15"))
HOST = "localhost"
TOKEN = "a secret"
OPERATIONS = ("POST /v1/predict", "GET /v1/model", "GET /healthz")


@pytest.fixture(params=[None, TOKEN], ids=["for this computer", "with a token"])
def schema(request: pytest.FixtureRequest, trained):
    predictor = load_predictor(trained.settings.runs / trained.run_id)
    service = make_service(predictor, "cnn 1", request.param)
    schema = schemathesis.openapi.from_asgi("/openapi.json", service, headers={"Host": HOST})
    schema.config.update(headers={"Authorization": f"Bearer {TOKEN}"} if request.param else {})
    return schema


def test_every_operation_is_asked(schema) -> None:
    assert {result.ok().label for result in schema.get_all_operations()} == set(OPERATIONS)


def ask(schema, operation: str, mode: GenerationMode, *leaving_out) -> set[int]:
    """Send `EXAMPLES` requests, the same each time, and let every check look at the answers. Returns their statuses."""
    method, place = operation.split()
    statuses = set()

    @seed(0)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[place][method].as_strategy(generation_mode=mode))
    def asking(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(base_url=f"http://{HOST}", excluded_checks=list(leaving_out))
        statuses.add(answer.status_code)

    asking()
    return statuses


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_asked_as_documented_is_answered_as_documented(schema, operation: str) -> None:
    assert ask(schema, operation, GenerationMode.POSITIVE) == {200}


def test_what_is_asked_otherwise_is_refused_as_documented(schema) -> None:
    # Nothing in a form can be of a wrong type: an object that schemathesis puts in a file's place is sent as its text,
    # which is a file like any other, and answered as one that cannot be read.
    assert 422 in ask(schema, "POST /v1/predict", GenerationMode.NEGATIVE, negative_data_rejection)
