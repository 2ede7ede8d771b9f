"""What a data set is, and the table of those that are known."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import signature
from os import sep
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from numpy.typing import ArrayLike

from ..errors import FusebenchError, did_you_mean
from ..registry import Registry
from .calibration import read_calibration
from .data import Kind, MultimodalData, Splits, Task
from .features.base import Featurizer

if TYPE_CHECKING:
    import pandas as pd

    from .fetching import Download

__all__ = ["Card", "Dataset", "datasets", "find_datasets", "is_path", "load_dataset", "register_dataset"]

SUFFIXES = (".npz", ".csv", ".parquet")
"""How the name of a file with one's own data ends."""


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
        Class names; label k is ``classes[k]``. Names of the labels of which several may apply; empty where
        values are to be predicted.
    views : mapping of str to tuple of str
        For every modality the views that its features offer (``"vector"``, ``"sequence"``).
    synthetic : tuple of str
        Modalities made by a program rather than recorded in the world.
    embedded : bool
        Whether it needs no files beyond the installed packages.
    licence, citation, source : str
        Terms of use, what to cite, where files come from and which folder they go in.
    task : Task
        What the labels ask for.
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
    task: Task = Task.CLASSIFICATION
    bayes_accuracy: float | None = None
    fixed_splits: bool = False


class Dataset(ABC):
    """A data set: a card, raw data in three splits, and a feature extractor.

    Subclasses take their options as keyword arguments of ``__init__`` and store them under the same
    names, as in scikit-learn. Files, where needed, are looked for under ``data_dir``.

    Attributes
    ----------
    name : str
        The name in the registry and in tables.
    data_dir : Path or None
        Folder with the files of data sets that are not embedded; None for ``FUSEBENCH_DATA``.
    downloads : tuple of Download
        Files that ``fusebench fetch`` may download; none where a form must be filled.
    """

    name: str
    data_dir: Path | None = None
    downloads: "ClassVar[tuple[Download, ...]]" = ()

    @staticmethod
    def from_arrays(arrays: Mapping[str, ArrayLike], *, name: str = "arrays") -> "Dataset":
        """Make a data set of arrays in memory.

        Parameters
        ----------
        arrays : mapping of str to array-like
            By the names that they have in an .npz file: one a modality, ``y``, and what else is known, for
            example ``split`` or ``audio.rate``; see ``docs/own-data.md``.
        name : str
            What to call it in tables.

        Returns
        -------
        Dataset
            Hand it to `fusebench.run`.

        Raises
        ------
        FusebenchError
            If an array cannot be understood, or does not fit the others.

        Examples
        --------
        >>> import numpy as np
        >>> text = np.array(["good", "bad"] * 10)
        >>> dataset = Dataset.from_arrays({"text": text, "length": np.ones((20, 1)), "y": text}, name="mine")
        >>> dataset.card.classes, len(dataset.load().train)
        (('bad', 'good'), 12)
        """
        from .own.dataset import from_arrays

        return from_arrays(arrays, name)

    @staticmethod
    def from_dataframe(
        frame: "pd.DataFrame", *, name: str = "table", label: str | None = None, folder: str | Path = "."
    ) -> "Dataset":
        """Make a data set of a data frame.

        Parameters
        ----------
        frame : pandas.DataFrame
            A row a sample, with the headers of a CSV table; see ``docs/own-data.md``.
        name : str
            What to call it in tables.
        label : str, optional
            Column of the labels; ``label`` or ``y`` when left out.
        folder : path
            What paths in the cells are relative to; they lead to nowhere outside.

        Returns
        -------
        Dataset
            Hand it to `fusebench.run`.

        Raises
        ------
        FusebenchError
            If a cell or a file that it names cannot be understood.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"age": range(20), "note:text": ["yes", "no"] * 10, "label": [1, 0] * 10})
        >>> Dataset.from_dataframe(frame).card.modalities
        {'note': <Kind.TEXT: 'text'>, 'age': <Kind.VECTOR: 'vector'>}
        """
        from .own.dataset import from_dataframe

        return from_dataframe(frame, name, label, folder)

    @classmethod
    def options(cls) -> dict[str, Any]:
        """Names of the options with their defaults."""
        parameters = signature(cls).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    @abstractmethod
    def card(self) -> Card:
        """Describe the data set with its present options."""

    @property
    def calibration_file(self) -> Path | None:
        """Where ``fusebench calibrate`` writes the levels of severities; None if nowhere."""
        return Path(__file__).parent / "severities" / f"{self.name}.json"

    @property
    def severities(self) -> dict[str, tuple[float, ...]]:
        """Levels of severities 1 to 5 by scenario and modality, where they were calibrated to these data.

        Raises
        ------
        FusebenchError
            If the file with them is damaged.
        """
        calibration = read_calibration(self.calibration_file)
        return {} if calibration is None else {key: r.levels for key, r in calibration.rows.items()}

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
            Raw modalities and labels: integers, or what else the task of the card asks for.

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


datasets: Registry[type[Dataset]] = Registry(
    "data set", package="fusebench.datasets", group="fusebench.datasets"
)

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
        A name of ``fusebench list datasets``, or the path of a file or folder with data of one's own.
    data_dir : path, optional
        Where files are; ``FUSEBENCH_DATA`` when left out.
    **options
        Options of the data set, for example ``resolution`` of ``avmnist`` or ``label`` of a table.

    Returns
    -------
    Dataset
        Nothing is read before ``load`` or ``features`` is called.

    Raises
    ------
    UnknownNameError
        If there is no such data set.
    DataNotFoundError
        If there is no such file.
    FusebenchError
        If there is no such option.

    Examples
    --------
    >>> train = load_dataset("synth-xor").features(seed=1).train
    >>> train.names
    ['a', 'b']
    """
    make: Callable[..., Dataset]
    if is_path(name):
        from .own.dataset import FileDataset

        make, known = partial(FileDataset, name), FileDataset.options()
    else:
        make, known = datasets[name], datasets[name].options()
    for option in options:
        if option not in known:
            raise FusebenchError(
                f"The data set {name!r} has no option {option!r}; {did_you_mean(option, known)}"
            )
    dataset = make(**options)
    dataset.data_dir = None if data_dir is None else Path(data_dir)
    return dataset


def is_path(name: str) -> bool:
    """Tell the path of one's own data from a name of the registry or a glob.

    Examples
    --------
    >>> is_path("mine.csv"), is_path("./mine"), is_path("synth-*")
    (True, True, False)
    """
    return "/" in name or sep in name or name.lower().endswith(SUFFIXES)


def find_datasets(
    names: "Iterable[str | Dataset]",
    *,
    data_dir: str | Path | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Dataset]:
    """Look several data sets up.

    Parameters
    ----------
    names : iterable of str or Dataset
        Names, globs and paths, or data sets that were made already.
    data_dir : path, optional
        As in `load_dataset`.
    options : mapping of str to mapping, optional
        Options by name or path.

    Returns
    -------
    list of Dataset
        Those of the registry in its order, then the others in the order given.

    Raises
    ------
    FusebenchError
        As `load_dataset` does; or if options are for an unknown name, or two data sets have one name.
    """
    given = options or {}
    for name in given:
        if not is_path(name):
            datasets[name]
    asked = list(dict.fromkeys(names))
    known = datasets.match(name for name in asked if isinstance(name, str) and not is_path(name))
    others = [name for name in asked if not isinstance(name, str) or is_path(name)]
    found = [
        load_dataset(name, data_dir=data_dir, **given.get(name, {})) if isinstance(name, str) else name
        for name in [*known, *others]
    ]
    taken = set()
    for dataset in found:
        if dataset.name in taken:
            raise FusebenchError(f"Two data sets are called {dataset.name!r}; rename one.")
        taken.add(dataset.name)
    return found
