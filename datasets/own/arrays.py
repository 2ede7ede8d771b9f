"""From named arrays, as an .npz file or a folder holds them, to modalities and labels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...errors import did_you_mean
from ..data import Kind, Modality
from ..formats.npy import MAX_BYTES
from ..large import is_large
from .cleaning import clean
from .contents import Contents, assemble

__all__ = ["parse_arrays"]

RESERVED = ("y", "y.names", "split", "group", "ids")
SUFFIXES = ("lengths", "rate", "present")


def parse_arrays(arrays: Mapping[str, NDArray]) -> Contents:
    """Understand arrays by their names, types and shapes.

    The content of a modality that is too large for memory is left as it is: `read_rows` cleans what is taken.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        ==================  =====================================================================
        name                content
        ==================  =====================================================================
        any                 a modality: (n, d) vectors; (n, T, d) sequences; uint8 (n, h, w) or
                            (n, h, w, c) images; unicode (n,) texts; with a rate, (n, T)
                            waveforms or one (sum of lengths,) of all of them end to end
        NAME.lengths        (n,) frames of a sequence, or samples of a waveform
        NAME.rate           samples per second
        NAME.present        (n,) booleans
        ``y``               (n,) classes or floats, or (n, k) zeros and ones
        ``y.names``         (k,) names of these k labels
        ``split``           (n,) of "train", "val" and "test"
        ``group``           (n,) of what stays in one split
        ``ids``             (n,) names of the samples
        ==================  =====================================================================

    Returns
    -------
    Contents

    Raises
    ------
    ValueError
        If they do not fit each other or cannot be read as one of these; rows are counted from 0.

    Examples
    --------
    >>> contents = parse_arrays({"text": np.array(["yes", "no"]), "y": np.array(["a", "b"])})
    >>> contents.data.modalities["text"].kind, contents.classes
    (<Kind.TEXT: 'text'>, ('a', 'b'))
    """
    names = [name for name in arrays if name not in RESERVED and "." not in name]
    known = [*RESERVED, *(f"{name}.{suffix}" for name in names for suffix in SUFFIXES)]
    for name in arrays:
        if "." in name and name not in known:
            raise ValueError(f"the array {name!r} belongs to nothing; {did_you_mean(name, known)}")
    if "y" not in arrays:
        raise ValueError("it has no array 'y', the labels")
    if not names:
        raise ValueError("it has no modality, only labels")
    n = len(_check(arrays, "y"))
    present = {name: _flags(arrays, name, n) for name in names}
    modalities = {}
    for name in names:
        raw = _modality(arrays, name, present[name])
        modalities[name] = raw if is_large(raw.values) else clean(name, raw, present[name])

    def strings(name: str) -> list[str] | None:
        return None if name not in arrays else [str(item) for item in _of_length(arrays, name, n)]

    return assemble(
        modalities,
        np.stack([present[name] for name in names], axis=1),
        labels=arrays["y"],
        label_names=[str(name) for name in arrays["y.names"]] if "y.names" in arrays else None,
        split=strings("split"),
        group=strings("group"),
        ids=strings("ids"),
    )


def _check(arrays: Mapping[str, NDArray], name: str) -> NDArray:
    """Give an array of one row a sample."""
    array = arrays[name]
    if array.dtype.kind not in "biufU":
        what = "Python objects" if array.dtype.hasobject else str(array.dtype)
        raise ValueError(f"{name!r} holds {what}; it needs numbers, booleans or unicode strings of one dtype")
    if array.ndim == 0:
        raise ValueError(f"{name!r} is a single value; it needs one row a sample")
    return array


def _of_length(arrays: Mapping[str, NDArray], name: str, n: int, ndim: int | None = 1) -> NDArray:
    array = _check(arrays, name)
    if len(array) != n or ndim not in (None, array.ndim):
        shape = f"({n},)" if ndim == 1 else f"{n} rows, one for each of 'y'"
        raise ValueError(f"{name!r} needs {shape}, however: {array.shape}")
    return array


def _flags(arrays: Mapping[str, NDArray], name: str, n: int) -> NDArray[np.bool_]:
    if f"{name}.present" not in arrays:
        return np.ones(n, bool)
    flags = _of_length(arrays, f"{name}.present", n)
    if flags.dtype.kind not in "biu" or not np.isin(flags, (0, 1)).all():
        raise ValueError(f"'{name}.present' needs booleans")
    return flags.astype(bool)


def _modality(arrays: Mapping[str, NDArray], name: str, present: NDArray[np.bool_]) -> Modality:
    n, values = len(present), _check(arrays, name)
    lengths, rate = arrays.get(f"{name}.lengths"), arrays.get(f"{name}.rate")
    if rate is not None:
        return _audio(arrays, name, present)
    _of_length(arrays, name, n, ndim=None)
    if values.dtype == np.uint8 and values.ndim in (3, 4):
        kind, values = Kind.IMAGE, _channels_first(name, values)
    elif values.dtype.kind == "U" and values.ndim == 1:
        kind = Kind.TEXT
    elif values.dtype.kind in "biuf" and values.ndim in (2, 3):
        kind = Kind.VECTOR if values.ndim == 2 else Kind.SEQUENCE
    else:
        raise ValueError(
            f"{name!r} is {values.dtype} of shape {values.shape}, which is no modality; vectors are (n, d), "
            "sequences (n, T, d), images uint8 (n, h, w) or (n, h, w, c), texts unicode (n,), and waveforms "
            f"have a '{name}.rate'"
        )
    if 0 in values.shape[1:]:
        raise ValueError(f"{name!r} is empty, its shape is {values.shape}")
    if lengths is not None and kind is not Kind.SEQUENCE:
        raise ValueError(f"{name!r} is of kind {kind}, which has no '{name}.lengths'")
    steps = None if lengths is None else _lengths(arrays, name, present, values.shape[1])
    return Modality(kind, values, steps)


def _audio(arrays: Mapping[str, NDArray], name: str, present: NDArray[np.bool_]) -> Modality:
    n, values, rate = len(present), _check(arrays, name), arrays[f"{name}.rate"]
    if rate.size != 1 or rate.dtype.kind not in "iuf" or not 100 <= float(rate.item()) <= 1e6:
        raise ValueError(f"'{name}.rate' needs one number of samples per second between 100 and 1,000,000")
    if not (values.dtype == np.int16 or values.dtype.kind == "f") or values.ndim not in (1, 2):
        raise ValueError(
            f"{name!r} needs waveforms of int16 or floats, (n, T) or end to end, however: "
            f"{values.dtype} {values.shape}"
        )
    if values.ndim == 1:
        if f"{name}.lengths" not in arrays:
            raise ValueError(f"{name!r} holds waveforms end to end and needs '{name}.lengths'")
        lengths = _lengths(arrays, name, present, len(values), clear=False)
        values = _pad(name, values, lengths)
        lengths = np.maximum(lengths, 1)
    else:
        _of_length(arrays, name, n, ndim=2)
        lengths = _lengths(arrays, name, present, values.shape[1])
    return Modality(Kind.AUDIO, values, lengths, float(rate.item()))


def _lengths(
    arrays: Mapping[str, NDArray], name: str, present: NDArray[np.bool_], longest: int, *, clear: bool = True
) -> NDArray[np.int64]:
    """Check lengths between 1 and `longest`; those of absent samples become 1 if they are to be cleared."""
    n = len(present)
    if f"{name}.lengths" not in arrays:
        return np.full(n, longest)
    lengths = _of_length(arrays, f"{name}.lengths", n)
    if lengths.dtype.kind not in "iu":
        raise ValueError(f"'{name}.lengths' needs integers, however: {lengths.dtype}")
    wrong = np.flatnonzero((lengths > longest) | (lengths < np.where(present, 1, 0)))
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(f"'{name}.lengths', row {row}: {lengths[row]} does not lie between 1 and {longest}")
    return np.where(present, lengths, 1 if clear else lengths).astype(np.int64)


def _pad(name: str, values: NDArray, lengths: NDArray[np.int64]) -> NDArray:
    """Cut one concatenated waveform and put the pieces below each other."""
    if lengths.sum() != len(values):
        raise ValueError(f"{name!r} has {len(values)} samples, but '{name}.lengths' sum to {lengths.sum()}")
    width = max(1, int(lengths.max()))
    if 4 * len(lengths) * width > MAX_BYTES:
        raise ValueError(f"{name!r} takes more than {MAX_BYTES} bytes when padded to the longest, {width}")
    padded = np.zeros((len(lengths), width), values.dtype)
    padded[np.arange(width) < lengths[:, None]] = values
    return padded


def _channels_first(name: str, values: NDArray) -> NDArray:
    if values.ndim == 3:
        return values[:, None]
    if values.shape[3] > 4:
        raise ValueError(f"{name!r} has {values.shape[3]} channels; images are (n, h, w, c) with c at most 4")
    return values.transpose(0, 3, 1, 2)
