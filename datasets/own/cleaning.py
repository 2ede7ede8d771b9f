"""Content in the type of its kind, with nothing where a sample is absent, and no number that is none."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality, MultimodalData
from ..large import is_large, make_like, pieces

__all__ = ["clean", "read_rows"]


def clean(
    name: str, modality: Modality, present: NDArray[np.bool_], rows: NDArray[np.int64] | None = None
) -> Modality:
    """Convert content as it was given to what `Modality` holds, and clear what is absent or padding.

    Parameters
    ----------
    name : str
        Of the modality, for messages.
    modality : Modality
        n samples of any type that has numbers, or texts. It is not changed.
    present : numpy.ndarray of bool, shape (n,)
        Which of them are there.
    rows : numpy.ndarray of int, shape (n,), optional
        Their numbers, for messages; counted from 0 when left out.

    Raises
    ------
    ValueError
        If a number that is there is not finite, or a waveform leaves -1 to 1.
    """
    values = _convert(modality)
    values[~present] = "" if modality.kind is Kind.TEXT else 0
    if modality.lengths is not None:
        values[~modality.frame_mask()] = 0

    def find(wrong: NDArray[np.bool_]) -> tuple[int, str, np.float32]:
        row, *place = np.argwhere(wrong)[0].tolist()
        return row if rows is None else int(rows[row]), ", ".join(map(str, place)), values[row, *place]

    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row, column, value = find(~np.isfinite(values))
        raise ValueError(
            f"{name!r}, row {row}, column {column}: {value} is no finite number; "
            f"mark what is missing in '{name}.present'"
        )
    if modality.kind is Kind.AUDIO and (np.abs(values) > 1).any():
        row, _, value = find(np.abs(values) > 1)
        raise ValueError(
            f"{name!r}, row {row}: a waveform lies between -1 and 1, however: {value:g}; "
            "divide by the greatest"
        )
    return replace(modality, values=values)


def read_rows(data: MultimodalData, rows: NDArray[np.int64]) -> MultimodalData:
    """Take samples; content that is too large for memory, which nobody has looked at, is cleaned on the way.

    Raises
    ------
    ValueError
        As by `clean`.
    """
    return MultimodalData(
        {
            name: _read_large(name, modality, data.has(name), rows)
            if is_large(modality.values)
            else modality.take(rows)
            for name, modality in data.modalities.items()
        },
        data.labels[rows],
        data.mask[rows],
    )


def _read_large(
    name: str, modality: Modality, present: NDArray[np.bool_], rows: NDArray[np.int64]
) -> Modality:
    old = modality.values
    dtype = old.dtype if modality.kind in (Kind.IMAGE, Kind.TEXT) else np.float32
    values = make_like(old, (len(rows), *old.shape[1:]), dtype)
    for part in pieces(values):
        some = rows[part]
        values[part] = clean(name, modality.take(some), present[some], some).values
    lengths = None if modality.lengths is None else modality.lengths[rows]
    return replace(modality, values=values, lengths=lengths)


def _convert(modality: Modality) -> NDArray:
    """Copy values in the type that the kind has, row by row."""
    values = modality.values
    if modality.kind in (Kind.IMAGE, Kind.TEXT):
        return np.array(values, order="C")
    if values.dtype == np.int16 and modality.kind is Kind.AUDIO:
        return values / np.float32(32768)
    with np.errstate(over="ignore"):
        return values.astype(np.float32, order="C")
