"""The table of fusion strategies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..errors import FusebenchError, did_you_mean
from ..registry import Registry
from .base import FusionStrategy

__all__ = ["FAMILIES", "FusionInfo", "fusions", "make_fusion", "register_fusion"]

FAMILIES = (
    "control",
    "early",
    "late",
    "hybrid",
    "bilinear",
    "attention",
    "gating",
    "multiple-kernel",
    "graphical",
    "recurrent",
    "joint",
    "coordinated",
    "co-learning",
    "custom",
)


@dataclass(frozen=True)
class FusionInfo:
    """What the registry knows of a strategy.

    Parameters
    ----------
    name : str
        Kebab-case.
    family : str
        One of `FAMILIES`.
    estimator : type of FusionStrategy
        The class.
    params : mapping
        Arguments of the class that make this strategy.
    reference : str
        The paper or source.
    control : bool
        Whether it is part of every run, as something to compare with.
    per_modality : bool
        Whether the plan makes one of it for every modality, passed as ``modality``.
    """

    name: str
    family: str
    estimator: type[FusionStrategy]
    params: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""
    control: bool = False
    per_modality: bool = False

    @property
    def summary(self) -> str:
        """First line of the class's docstring."""
        return (self.estimator.__doc__ or "").strip().split("\n", 1)[0]

    def make(self, **params: Any) -> FusionStrategy:
        """Make the unfitted estimator.

        Raises
        ------
        FusebenchError
            If the estimator has no such parameter.
        """
        known = self.estimator._get_param_names()
        for param in params:
            if param not in known:
                raise FusebenchError(
                    f"The fusion {self.name!r} has no parameter {param!r}; {did_you_mean(param, known)}"
                )
        return self.estimator(**{**self.params, **params})


fusions: Registry[FusionInfo] = Registry("fusion", package="fusebench.fusions", group="fusebench.fusions")

F = TypeVar("F", bound=type[FusionStrategy])


def register_fusion(
    name: str,
    *,
    family: str = "custom",
    reference: str = "",
    control: bool = False,
    per_modality: bool = False,
    **params: Any,
) -> Callable[[F], F]:
    """Class decorator that enters a strategy into the registry.

    May be applied several times, with other `params`, where one class holds several strategies.

    Parameters
    ----------
    name : str
        Kebab-case name.
    family : str
        One of `FAMILIES`.
    reference : str
        The paper or source.
    control, per_modality : bool
        As in `FusionInfo`.
    **params
        Arguments of the class that make this strategy.

    Raises
    ------
    ValueError
        If the family is unknown, the name is taken, or the constructor takes any number of arguments.
    """
    if family not in FAMILIES:
        raise ValueError(f"There is no family {family!r}; {did_you_mean(family, FAMILIES)}")

    def enter(cls: F) -> F:
        try:
            cls._get_param_names()
        except RuntimeError as error:  # a rule of scikit-learn: without names it cannot be cloned
            raise ValueError(
                f"The constructor of {cls.__name__} must name each of its parameters, without *args."
            ) from error
        info = FusionInfo(name, family, cls, params, reference, control, per_modality)
        fusions.add(name, info)
        return cls

    return enter


def make_fusion(name: str, **params: Any) -> FusionStrategy:
    """Make an unfitted strategy by name.

    Parameters
    ----------
    name : str
        A name of ``fusebench list fusions``.
    **params
        Parameters that differ from the defaults, for example ``random_state``.

    Returns
    -------
    FusionStrategy
        A scikit-learn style estimator.

    Raises
    ------
    UnknownNameError
        If there is no such strategy.
    FusebenchError
        If there is no such parameter.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = make_fusion("late-mean").fit(data.train, data.validation)
    >>> fusion.predict_proba(data.test).shape == (len(data.test), 2)
    True
    """
    return fusions[name].make(**params)
