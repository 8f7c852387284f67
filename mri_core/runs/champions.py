"""The champion of each data set: the run whose model is in use, kept in MLflow's model registry.

A data set is a registered model there, a promotion a version of it, and the alias "champion" stands at the version that
counts. No version is ever taken away: they are the history.

A champion belongs to a data set's name, not to its fingerprint. The name is what a user picks when predicting, and the
model in use stays the same when slices are added; by fingerprint, a new version of the data would begin without a
champion and without a past. Each promotion keeps the fingerprint that its run was trained on: scores on different
versions are not compared, and whoever compares a run with its champion says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from pydantic import TypeAdapter

from mri_core.errors import InvalidInput, NotFound
from mri_core.locking import locked
from mri_core.runs.comparison import has_results
from mri_core.runs.connection import connect, store_errors
from mri_core.runs.run import Run
from mri_core.settings import Settings, make_folder

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

Verdict = Literal["first", "better beyond chance", "worse beyond chance", "not told apart", "not comparable"]

ALIAS = "champion"
NAME_PREFIX = "mri-"
_DESCRIPTION_LENGTH = 5000  # the most that MLflow keeps


@dataclass(frozen=True)
class Grounds:
    """What was known of a run when it was promoted.

    verdict: of its comparison with the champion before it, on validation slices. told: the same in a sentence or two.
    scores: "micro_f1" and "macro_f1" on these slices, in [0, 1]; None where undefined.
    against: the id of the run that was champion before; None where there was none.
    """

    verdict: Verdict
    told: str
    scores: Mapping[str, float | None]
    against: str | None = None


@dataclass(frozen=True)
class Promotion:
    """A run made champion. version: counted from 1 in each data set. present: whether it is the champion now."""

    version: int
    dataset: str
    fingerprint: str
    run_id: str
    run_name: str
    when: datetime
    grounds: Grounds
    present: bool


_PROMOTION = TypeAdapter(Promotion)


def registered_name(dataset: str) -> str:
    """The name of a data set's registered model; MLflow allows no slash and no colon in it."""
    return NAME_PREFIX + quote(dataset, safe=" ", errors="surrogatepass")  # a command is called with any bytes


def promote(settings: Settings, run: Run, grounds: Grounds) -> Promotion:
    """Make a run the champion of the data set it was trained on; the one before stays in the history.

    Promoting the present champion changes nothing. Of two promotions at once both are kept, and the later one counts.
    Raises InvalidInput for a run without results, NotFound for one that was deleted.
    """
    if not has_results(run):
        raise InvalidInput(
            f"run '{run.name}' is {run.status} without results, expected one that has ended with a model"
        )
    name = registered_name(run.dataset_name)
    with _registry(settings) as client, locked(make_folder(settings.runs) / ".champions.lock"):
        for present in _present(client, f"name = '{name}'"):
            if present.run_id == run.id:
                return present
        if client.get_run(run.id).info.lifecycle_stage != "active":
            raise NotFound(f"run '{run.name}' was deleted; list the runs with `mri runs`")
        _register(client, name, run.dataset_name)
        version = client.create_model_version(
            name,
            _source(settings, run),
            run.id,
            tags=_tags(run, grounds),
            description=grounds.told[:_DESCRIPTION_LENGTH],
        )
        client.set_registered_model_alias(name, ALIAS, version.version)
        (made,) = _read([version], {name: int(version.version)})
        return made


def demote(settings: Settings, run: Run) -> None:
    """Take the title from a run that may have it: its data set is then without a champion."""
    name = registered_name(run.dataset_name)
    with _registry(settings) as client, locked(make_folder(settings.runs) / ".champions.lock"):
        if any(present.run_id == run.id for present in _present(client, f"name = '{name}'")):
            client.delete_registered_model_alias(name, ALIAS)


def champions(settings: Settings) -> dict[str, Promotion]:
    """The present champions: data set -> promotion. A data set without one is left out."""
    with _registry(settings) as client:
        return {found.dataset: found for found in _present(client, f"name LIKE '{NAME_PREFIX}%'")}


def champion_of(settings: Settings, dataset: str) -> Promotion | None:
    """The promotion of a data set's present champion."""
    with _registry(settings) as client:
        return next(iter(_present(client, f"name = '{registered_name(dataset)}'")), None)


def only_champion(settings: Settings) -> Promotion:
    """The champion where one data set has one. Raises NotFound where none has, InvalidInput where several have."""
    match list(champions(settings).values()):
        case [one]:
            return one
        case []:
            raise NotFound("no run is a champion yet; `mri promote RUN` makes one")
        case several:
            known = ", ".join(f"{one.run_id[:8]} of '{one.dataset}'" for one in several)
            raise InvalidInput(f"several data sets have a champion: {known}; give the beginning of one of these ids")


def promotions(settings: Settings, dataset: str | None = None) -> tuple[Promotion, ...]:
    """Every promotion of a data set, or of all, newest first; those of deleted runs too."""
    condition = f"name LIKE '{NAME_PREFIX}%'" if dataset is None else f"name = '{registered_name(dataset)}'"
    with _registry(settings) as client:
        present = _titles(client, condition)
        found = _read(client.search_model_versions(condition), present)
    return tuple(sorted(found, key=lambda one: (one.when, one.version), reverse=True))


def _titles(client: MlflowClient, condition: str) -> dict[str, int]:
    """Registered name -> the version that is champion."""
    models = client.search_registered_models(condition, max_results=1000)
    return {model.name: int(model.aliases[ALIAS]) for model in models if ALIAS in model.aliases}


def _present(client: MlflowClient, condition: str) -> list[Promotion]:
    titles = _titles(client, condition)
    return _read([client.get_model_version(name, str(version)) for name, version in titles.items()], titles)


def _register(client: MlflowClient, name: str, dataset: str) -> None:
    if not client.search_registered_models(f"name = '{name}'"):
        told = f"The champions of data set '{dataset}': a version a promotion."
        client.create_registered_model(name, tags={"mri.dataset": dataset}, description=told)


def _source(settings: Settings, run: Run) -> str:
    """Where the model is: the run's folder; a server, which takes no folder of ours, is told the run."""
    return f"runs:/{run.id}/model" if settings.tracking_uri.startswith("http") else run.folder.as_uri()


def _tags(run: Run, grounds: Grounds) -> dict[str, str]:
    tags = {
        "mri.dataset": run.dataset_name,
        "mri.fingerprint": run.dataset_fingerprint,
        "mri.run": run.name,
        "mri.verdict": grounds.verdict,
        "mri.scores": json.dumps(dict(grounds.scores)),
    }
    return tags | ({"mri.against": grounds.against} if grounds.against else {})


def _read(versions: Iterable[ModelVersion], titles: Mapping[str, int]) -> list[Promotion]:
    """The promotions that versions stand for, without what another program has registered under such a name."""
    found = []
    for version in versions:
        tags, number = version.tags, int(version.version)
        with suppress(KeyError, ValueError):
            grounds = {
                "verdict": tags["mri.verdict"],
                "told": version.description,
                "scores": json.loads(tags["mri.scores"]),
                "against": tags.get("mri.against"),
            }
            promotion = {
                "version": number,
                "dataset": tags["mri.dataset"],
                "fingerprint": tags["mri.fingerprint"],
                "run_id": version.run_id,
                "run_name": tags["mri.run"],
                "when": datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
                "grounds": grounds,
                "present": titles.get(version.name) == number,
            }
            found.append(_PROMOTION.validate_python(promotion))
    return found


@contextmanager
def _registry(settings: Settings) -> Iterator[MlflowClient]:
    client, _ = connect(settings)
    with store_errors(settings.tracking_uri):
        yield client
