"""Features of a data set, training scenario and seed, under every condition: made once for all strategies."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Kind, Modality, MultimodalData, Splits
from ..datasets.features.base import Featurizer
from ..datasets.storage import cache_folder
from ..errors import FusebenchError, StorageError
from ..results.location import is_remote
from ..seeding import make_generator
from .identity import identify_samples
from .planning.plan import Bundle
from .scenarios.registry import Condition

__all__ = ["FeatureCache", "find_features"]

MANIFEST = "manifest.json"
SAMPLES = "test.samples"
IMPOSSIBLE = "impossible.json"


def find_features(folder: Path, cache: Path | None) -> Path:
    """Choose the folder for features, which are never put on a remote store: they are mapped into memory.

    Parameters
    ----------
    folder : Path
        Of the run.
    cache : Path or None
        What the user named; if nothing, they go into the folder of the run, or the user's cache folder if
        the run has a URL.
    """
    if cache is not None:
        return cache
    return (cache_folder() if is_remote(folder) else folder) / "features"


class FeatureCache:
    """A folder of feature arrays that processes map into memory instead of computing them.

    Parameters
    ----------
    folder : path
        Each bundle gets a folder in it, named by its key: ``.npy`` arrays called
        ``PART.MODALITY.VIEW``, where PART is a split or the slug of a condition. A condition holds only
        what differs from the clean test split. ``manifest.json`` tells the size of each file, so that a
        file that is lost is never taken for one that is not needed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def has(self, bundle: Bundle) -> bool:
        """Tell whether the features of a bundle are there, whole."""
        folder = self.folder / bundle.key
        manifest = _read_manifest(folder)
        return f"{SAMPLES}.npy" in manifest and all(
            (folder / name).is_file() and (folder / name).stat().st_size == size
            for name, size in manifest.items()
        )

    def make(self, bundle: Bundle) -> None:
        """Load, corrupt and featurise, unless that was done before."""
        if self.has(bundle):
            return
        target = self.folder / bundle.key
        work = self.folder / f".{bundle.key}.{uuid4().hex[:8]}.tmp"
        try:
            with _writing(work):
                work.mkdir(parents=True)
            _make(bundle, work)
            sizes = {path.name: path.stat().st_size for path in sorted(work.iterdir())}
            _write_json(work / MANIFEST, sizes)
            try:
                work.rename(target)
            except OSError:  # something is there: damaged, or from a process that was faster
                if not self.has(bundle):
                    with _writing(target):
                        shutil.rmtree(target, ignore_errors=True)
                        work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def masks(self, bundle: Bundle) -> dict[str, NDArray[np.bool_]]:
        """Read the masks, shape (n, M), of the splits and of each condition that changes what is present."""
        folder, suffix = self.folder / bundle.key, ".present"
        stems = [Path(name).stem for name in _read_manifest(folder) if name.endswith(f"{suffix}.npy")]
        return {stem.removesuffix(suffix): _read(folder, stem) for stem in stems}

    def labels(self, bundle: Bundle) -> dict[str, NDArray]:
        """Read the labels of clean data and of each condition that changes them, and ``samples``.

        The latter are of shape (n,) and tell which test sample is which, from `identify_samples`.
        """
        folder, suffix = self.folder / bundle.key, ".y"
        slugs = [c.slug for c in bundle.conditions if f"{c.slug}{suffix}.npy" in _read_manifest(folder)]
        return {"samples": _read(folder, SAMPLES)} | {slug: _read(folder, slug + suffix) for slug in slugs}

    def load(self, bundle: Bundle, part: str, views: tuple[str, ...]) -> MultimodalData:
        """Read a split or condition.

        Parameters
        ----------
        part : str
            ``"train"``, ``"validation"``, or the slug of a condition.
        views : tuple of str
            For every modality the first of these that it offers.

        Returns
        -------
        MultimodalData
            Arrays are read-only and mapped from disk.
        """
        folder = self.folder / bundle.key
        files = _read_manifest(folder)

        def find(stem: str) -> str:
            """Name the array of this part if it has its own, else that of the clean test split."""
            own = f"{part}.{stem}"
            return own if f"{own}.npy" in files else f"{bundle.conditions[0].slug}.{stem}"

        modalities = {}
        for name, offered in bundle.dataset.card.views.items():
            view = next(view for view in views if view in offered)
            modalities[name] = _read_modality(folder, find(f"{name}.{view}"), view)
        return MultimodalData(modalities, _read(folder, find("y")), _read(folder, find("present")))

    def impossible(self, bundle: Bundle) -> dict[str, str]:
        """Give the conditions that these data cannot be put under, by slug, with the reasons."""
        return _read_json(self.folder / bundle.key / IMPOSSIBLE)


def _make(bundle: Bundle, folder: Path) -> None:
    raw = bundle.dataset.load(bundle.seed)
    if bundle.sizes is not None:
        raw = _shrink(raw, bundle.sizes, bundle.dataset.name, bundle.seed)
    change = partial(Condition.apply, train=raw.train, dataset=bundle.dataset.name, seed=bundle.seed)
    train = change(bundle.training, raw.train, split="train")
    featurizer = bundle.dataset.featurizer().fit(train)
    _write_views(folder, "train", train, featurizer)
    validation = change(bundle.training, raw.validation, split="validation")
    _write_views(folder, "validation", validation, featurizer)
    clean, *others = bundle.conditions
    _save(folder / f"{SAMPLES}.npy", identify_samples(raw.test))
    _write_views(folder, clean.slug, raw.test, featurizer)
    impossible = {}
    for condition in others:
        try:
            changed = change(condition, raw.test)
        except FusebenchError as error:  # data that lack much already cannot lack every share of the rest
            impossible[condition.slug] = str(error)
        else:
            _write_changes(folder, condition.slug, raw.test, changed, featurizer)
    _write_json(folder / IMPOSSIBLE, impossible)


def _shrink(raw: Splits, sizes: tuple[int, int, int], name: str, seed: int) -> Splits:
    """Keep at most so many random samples of each split."""
    rng = make_generator("quick", name, seed)
    kept = [
        split.take(np.sort(rng.permutation(len(split))[:size]))
        for split, size in zip((raw.train, raw.validation, raw.test), sizes, strict=True)
    ]
    return Splits(*kept)


def _write_views(folder: Path, part: str, data: MultimodalData, featurizer: Featurizer) -> None:
    for name, modality in data.modalities.items():
        _write_features(folder, f"{part}.{name}", featurizer.transform_modality(name, modality))
    _save(folder / f"{part}.present.npy", data.mask)
    if data.y is not None:
        _save(folder / f"{part}.y.npy", data.y)


def _write_changes(
    folder: Path, part: str, clean: MultimodalData, changed: MultimodalData, featurizer: Featurizer
) -> None:
    for name, modality in changed.modalities.items():
        if modality is not clean.modalities[name]:
            _write_features(folder, f"{part}.{name}", featurizer.transform_modality(name, modality))
    if changed.mask is not clean.mask:
        _save(folder / f"{part}.present.npy", changed.mask)
    if changed.y is not clean.y:
        _save(folder / f"{part}.y.npy", changed.labels)


def _write_features(folder: Path, part: str, views: Mapping[str, Modality]) -> None:
    for view, modality in views.items():
        stem = f"{part}.{view}"
        _save(folder / f"{stem}.npy", modality.values)
        if modality.lengths is not None:
            _save(folder / f"{stem}.lengths.npy", modality.lengths)
        if modality.common_scale:
            _save(folder / f"{stem}.common-scale.npy", np.array(True))


def _save(path: Path, array: NDArray) -> None:
    with _writing(path):
        np.save(path, array)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with _writing(path):
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Tell trouble with the folder from trouble with the data, which costs their own cells only."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or f"{error}; is the disk full?"  # NumPy tells only how much it wrote
        raise StorageError(f"Cannot write {path}: {reason}.") from error


def _read_modality(folder: Path, stem: str, view: str) -> Modality:
    lengths = _read(folder, f"{stem}.lengths") if view == Kind.SEQUENCE else None
    common_scale = (folder / f"{stem}.common-scale.npy").exists()
    return Modality(Kind(view), _read(folder, stem), lengths, common_scale=common_scale)


def _read(folder: Path, stem: str) -> NDArray:
    array: NDArray = np.load(folder / f"{stem}.npy", mmap_mode="r", allow_pickle=False)
    return array


def _read_manifest(folder: Path) -> dict[str, int]:
    return _read_json(folder / MANIFEST)


def _read_json(path: Path) -> dict[str, Any]:
    """Read an object; an empty one if there is none, or it is damaged."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found
