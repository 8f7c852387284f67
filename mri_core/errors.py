"""The errors a user can act on.

A message is one line: what was wrong, what was expected, and what to do. Anything else that goes wrong is a bug
and keeps its traceback.
"""


class MriError(Exception):
    """Base of every error that is shown to a user as one line."""


class InvalidInput(MriError):
    """A value, setting or file from outside is not what was expected."""


class ImageError(InvalidInput):
    """A file cannot be turned into slices."""


class NotFound(MriError):
    """A named data set, run, preset or label does not exist."""


class StorageError(MriError):
    """The home directory or the disk cannot be read or written."""


class StoreError(MriError):
    """The run database cannot be used."""


class RunHeld(StoreError):
    """One run cannot be changed now: another process has its lock, or the disk gives none."""


class Superseded(MriError):
    """A process writes to a run that has gone on without it."""


class EngineError(MriError):
    """Runs cannot be handed to the queue."""
