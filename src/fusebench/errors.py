"""Errors that a user can cause and mend: one clear sentence each, shown without a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "CellFailedError",
    "DataNotFoundError",
    "DivergedError",
    "FusebenchError",
    "StorageError",
    "UnknownNameError",
    "did_you_mean",
]


class FusebenchError(Exception):
    """Base of all errors whose message is a sentence for the user.

    The command line prints the message and exits with code 2; ``--debug`` shows the traceback.
    """


class UnknownNameError(FusebenchError):
    """A name that no registry holds."""


class DataNotFoundError(FusebenchError):
    """Files of a data set are not where they were looked for."""


class StorageError(FusebenchError):
    """Results cannot be written: the folder is read-only, the disk is full."""


class CellFailedError(FusebenchError):
    """A cell of a run that is to stop at the first failure."""


class DivergedError(FusebenchError):
    """Training or prediction gave numbers that are not finite."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known names, or list what there is.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        The names that would have been right.

    Returns
    -------
    str
        The end of a sentence.

    Examples
    --------
    >>> did_you_mean("late-maen", ["late-mean", "early-mlp"])
    'did you mean late-mean?'
    >>> did_you_mean("zzz", ["late-mean", "early-mlp"])
    'known: early-mlp, late-mean.'
    """
    options = sorted(known)
    if not options:
        return "there are none."
    near = get_close_matches(name, options, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known: {', '.join(options)}."
