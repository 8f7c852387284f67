"""Where things live, and what this machine gives to trainings: from the environment or a `.env` file in the working
directory.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

from pydantic import AliasChoices, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mri_core.errors import InvalidInput, StorageError

DEFAULT_HOME = Path(__file__).resolve().parents[1] / "data"


class Settings(BaseSettings):
    """The settings of the program. Build it with `Settings()`; it reads the environment each time.

    slots: how many runs this machine trains at once. threads: processor threads of each of them. None: as
    `mri_core.runs.slots` chooses.
    datasets_url: where data sets are fetched from that this home lacks. resources: what a run that is queued takes of a
    worker of a scheduler elsewhere, such as "GPU=1,MEMORY=8e9"; see `amounts`.
    """

    # Case counts, or the field `home` would be read from the variable HOME.
    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, case_sensitive=True
    )

    home: Path = Field(default=DEFAULT_HOME, validation_alias=AliasChoices("MRI_HOME", "home"))
    tracking_uri_setting: str = Field(default="", validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "tracking_uri"))
    scheduler: str = Field(default="", validation_alias=AliasChoices("MRI_SCHEDULER", "scheduler"))
    slots: int | None = Field(default=None, validation_alias=AliasChoices("MRI_SLOTS", "slots"))
    threads: int | None = Field(default=None, validation_alias=AliasChoices("MRI_THREADS", "threads"))
    datasets_url: str = Field(default="", validation_alias=AliasChoices("MRI_DATASETS_URL", "datasets_url"))
    resources: str = Field(default="", validation_alias=AliasChoices("MRI_RESOURCES", "resources"))

    @field_validator("slots", "threads", mode="before")
    @classmethod
    def _is_a_number(cls, value: object, field: ValidationInfo) -> object:
        if value is not None and not (str(value).isdecimal() and int(str(value)) > 0):
            raise InvalidInput(f"MRI_{str(field.field_name).upper()} is {value!r}, expected a whole number from 1")
        return value

    @field_validator("resources")
    @classmethod
    def _are_amounts(cls, value: str) -> str:
        if not re.fullmatch(r"(\s*\w+\s*=\s*\d+(\.\d+)?(e\d+)?\s*(,|$))*", value):
            raise InvalidInput(
                f"resources (MRI_RESOURCES) are {value!r}, expected amounts such as GPU=1,MEMORY=8e9 or nothing"
            )
        return ",".join(sorted(filter(None, re.sub(r"\s", "", value).split(","))))

    def taking(self, resources: str) -> Settings:
        """These settings with other resources. Raises InvalidInput for what are none."""
        return self.model_copy(update={"resources": self._are_amounts(resources)})

    @functools.cached_property
    def root(self) -> Path:
        """The home directory as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def engine(self) -> Path:
        return self.root / "engine"

    @property
    def tracking_uri(self) -> str:
        return self.tracking_uri_setting or f"sqlite:///{self.root / 'mlflow.db'}"

    def environment(self) -> dict[str, str]:
        """The variables that make a process, here or on another machine, see the same home, store and scheduler."""
        return {
            "MRI_HOME": str(self.root),
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MRI_SCHEDULER": self.scheduler,
            "MRI_DATASETS_URL": self.datasets_url,
            "MRI_RESOURCES": self.resources,
        }


def amounts(resources: str) -> dict[str, float]:
    """Resources by name: {"GPU": 1.0, "MEMORY": 8e9} for "GPU=1,MEMORY=8e9"."""
    pairs = (pair.split("=") for pair in resources.split(",") if pair)
    return {name: float(amount) for name, amount in pairs}


_VARIABLES = [
    str(each.validation_alias.choices[0])
    for each in Settings.model_fields.values()
    if isinstance(each.validation_alias, AliasChoices)
]


def present_settings() -> Settings:
    """`Settings()`, read again only when a variable has changed: pages ask dozens of times in a rerun."""
    return _read(tuple((name, os.environ.get(name, "")) for name in _VARIABLES))


@functools.lru_cache(maxsize=4)
def _read(variables: tuple[tuple[str, str], ...]) -> Settings:
    return Settings.model_validate({name: value for name, value in variables if value})


def make_folder(folder: Path) -> Path:
    """Create `folder` if needed. Raises StorageError in words when the place cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot create {folder}: {error.strerror or error}; set MRI_HOME to a directory you can write"
        ) from error
    return folder
