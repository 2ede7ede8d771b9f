"""Fitted strategies in files, without pickle."""

from collections.abc import Iterable
from pathlib import Path

from ..errors import FusebenchError
from .base import FusionStrategy

__all__ = ["load_fusion", "save_fusion"]

# What a file may contain without being asked for: this package's own estimators and data, and boosted trees.
_OWN = ("fusebench.fusions.", "fusebench.datasets.data.")
_LIBRARIES = frozenset(
    {"xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor"}
)


def save_fusion(fusion: FusionStrategy, path: str | Path) -> None:
    """Save a fitted strategy: a zip file of JSON and arrays, in the format of skops.

    Parameters
    ----------
    fusion : FusionStrategy
        Fitted.
    path : path
        The file to write, ``.skops`` by custom.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from fusebench.datasets.registry import load_dataset
    >>> from fusebench.fusions.registry import make_fusion
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = make_fusion("late-mean").fit(data.train, data.validation)
    >>> with TemporaryDirectory() as folder:
    ...     save_fusion(fusion, f"{folder}/late-mean.skops")
    ...     again = load_fusion(f"{folder}/late-mean.skops")
    >>> bool((again.predict_proba(data.test) == fusion.predict_proba(data.test)).all())
    True
    """
    from skops.io import dump

    dump(fusion, path)


def load_fusion(path: str | Path, trusted: Iterable[str] = ()) -> FusionStrategy:
    """Load a strategy that `save_fusion` saved.

    A file can name any class, and loading makes instances of it. Only those of this package, of scikit-learn,
    NumPy and SciPy as far as skops trusts them, and of XGBoost are made; others must be named.

    Parameters
    ----------
    path : path
        The file.
    trusted : iterable of str
        Full names of further classes, such as your own strategy.

    Raises
    ------
    FusebenchError
        If the file cannot be read, holds no strategy, or names a class that is not trusted.
    """
    from zipfile import BadZipFile

    from skops.io import get_untrusted_types, load

    try:
        unknown = set(get_untrusted_types(file=path))
        allowed = {name for name in unknown if name.startswith(_OWN)} | _LIBRARIES | set(trusted)
        if refused := sorted(unknown - allowed):
            raise FusebenchError(
                f"{path} names classes that are not trusted: {', '.join(refused)}; if they are yours, pass "
                "their names as trusted=[...]."
            )
        fusion = load(path, trusted=sorted(allowed & unknown))
    except (OSError, BadZipFile, KeyError, ValueError) as error:
        raise FusebenchError(f"{path} is not a saved strategy that can be read: {error}.") from error
    if not isinstance(fusion, FusionStrategy):
        raise FusebenchError(f"{path} holds a {type(fusion).__name__}, not a fusion strategy.")
    return fusion
