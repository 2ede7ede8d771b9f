"""What a data set is, and the table of those that are known."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ..errors import FusebenchError, did_you_mean
from ..registry import Registry
from .data import Kind, MultimodalData, Splits
from .features.base import Featurizer

__all__ = ["Card", "Dataset", "datasets", "load_dataset", "register_dataset"]


@dataclass(frozen=True)
class Card:
    """What a user should know of a data set before trusting a number on it.

    Parameters
    ----------
    title : str
        One line.
    description : str
        A paragraph: the task, where each modality comes from, how the splits are made.
    modalities : mapping of str to Kind
        Raw modalities, in order.
    classes : tuple of str
        Class names; label k is ``classes[k]``.
    views : mapping of str to tuple of str
        For every modality the views that its features offer (``"vector"``, ``"sequence"``).
    synthetic : tuple of str
        Modalities made by a program rather than recorded in the world.
    embedded : bool
        Whether it needs no files beyond the installed packages.
    licence, citation, source : str
        Terms of use, what to cite, where files come from and which folder they go in.
    bayes_accuracy : float, optional
        Best accuracy that any classifier can reach, where the generating process is known.
    fixed_splits : bool
        Whether all splits are those of the publisher, so that the seed changes nothing of the data.
    """

    title: str
    description: str
    modalities: Mapping[str, Kind]
    classes: tuple[str, ...]
    views: Mapping[str, tuple[str, ...]]
    synthetic: tuple[str, ...] = ()
    embedded: bool = True
    licence: str = ""
    citation: str = ""
    source: str = ""
    bayes_accuracy: float | None = None
    fixed_splits: bool = False


class Dataset(ABC):
    """A data set: a card, raw data in three splits, and a feature extractor.

    Subclasses take their options as keyword arguments of ``__init__`` and store them under the same
    names, as in scikit-learn. Files, where needed, are looked for under ``data_dir``.

    Attributes
    ----------
    name : str
        The name in the registry.
    data_dir : Path or None
        Folder with the files of data sets that are not embedded; None for ``FUSEBENCH_DATA``.
    """

    name: ClassVar[str]
    data_dir: Path | None = None

    @classmethod
    def options(cls) -> dict[str, Any]:
        """Names of the options with their defaults."""
        parameters = signature(cls).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    @abstractmethod
    def card(self) -> Card:
        """Describe the data set with its present options."""

    @abstractmethod
    def load(self, seed: int = 0) -> Splits:
        """Load raw data.

        Parameters
        ----------
        seed : int
            Draws what is random of the data set: pairing, the training/validation split, or, where the
            data are generated, the samples themselves.

        Returns
        -------
        Splits
            Raw modalities and integer labels.

        Raises
        ------
        DataNotFoundError
            If files are missing; the message says which and where to get them.
        """

    @abstractmethod
    def featurizer(self) -> Featurizer:
        """Make the unfitted feature extractor of this data set."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Identify the content: a hash of the files, or of the generating options.

        Must be cheap (under a second) and must change when the data would.
        """

    def features(self, views: tuple[str, ...] = ("vector",), seed: int = 0) -> Splits:
        """Load, featurise (fitted on the training split only) and choose views.

        Parameters
        ----------
        views : tuple of str
            In order of preference, for example ``("sequence", "vector")``.
        seed : int
            As in `load`.

        Returns
        -------
        Splits
            Modalities of kind vector or sequence, ready for a fusion strategy.
        """
        raw = self.load(seed)
        featurizer = self.featurizer().fit(raw.train)

        def convert(data: MultimodalData) -> MultimodalData:
            return featurizer.transform(data).choose(views)

        return Splits(convert(raw.train), convert(raw.validation), convert(raw.test))


datasets: Registry[type[Dataset]] = Registry("data set", package="fusebench.datasets")

D = TypeVar("D", bound=type[Dataset])


def register_dataset(name: str) -> Callable[[D], D]:
    """Class decorator that enters a data set into the registry.

    Parameters
    ----------
    name : str
        Kebab-case name.
    """

    def enter(cls: D) -> D:
        cls.name = name
        datasets.add(name, cls)
        return cls

    return enter


def load_dataset(name: str, *, data_dir: str | Path | None = None, **options: Any) -> Dataset:
    """Look a data set up by name.

    Parameters
    ----------
    name : str
        A name of ``fusebench list datasets``.
    data_dir : path, optional
        Where files are; ``FUSEBENCH_DATA`` when left out.
    **options
        Options of the data set, for example ``resolution`` of ``avmnist``.

    Returns
    -------
    Dataset
        Nothing is read before ``load`` or ``features`` is called.

    Raises
    ------
    UnknownNameError
        If there is no such data set.
    FusebenchError
        If there is no such option.

    Examples
    --------
    >>> train = load_dataset("synth-xor").features(seed=1).train
    >>> train.names
    ['a', 'b']
    """
    cls = datasets[name]
    known = cls.options()
    for option in options:
        if option not in known:
            raise FusebenchError(
                f"The data set {name!r} has no option {option!r}; {did_you_mean(option, known)}"
            )
    dataset = cls(**options)
    dataset.data_dir = None if data_dir is None else Path(data_dir)
    return dataset
