"""Where things live: three settings, from the environment or a `.env` file in the working directory."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from mri_core.errors import StorageError

DEFAULT_HOME = Path(__file__).resolve().parents[1] / "data"


class Settings(BaseSettings):
    """The three settings of the program. Build it with `Settings()`; it reads the environment each time."""

    # Case counts, or the field `home` would be read from the variable HOME.
    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, case_sensitive=True
    )

    home: Path = Field(default=DEFAULT_HOME, validation_alias=AliasChoices("MRI_HOME", "home"))
    tracking_uri_setting: str = Field(default="", validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "tracking_uri"))
    scheduler: str = Field(default="", validation_alias=AliasChoices("MRI_SCHEDULER", "scheduler"))

    @property
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
        """The variables that make a child process see the same home, store and scheduler."""
        return {
            "MRI_HOME": str(self.root),
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MRI_SCHEDULER": self.scheduler,
        }


def make_folder(folder: Path) -> Path:
    """Create `folder` if needed. Raises StorageError in words when the place cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot create {folder}: {error.strerror or error}; set MRI_HOME to a directory you can write"
        ) from error
    return folder
