"""Which sample is which: the same test sample is known again under another seed by its content."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Kind, Modality, MultimodalData

__all__ = ["identify_samples"]


def identify_samples(data: MultimodalData) -> NDArray[np.int64]:
    """Give each sample a number: a hash of their raw content, without padding.

    Parameters
    ----------
    data : MultimodalData
        Raw, unchanged data.

    Returns
    -------
    numpy.ndarray of shape (n,)
        The same content gives the same number in every split and under every seed; of samples that are
        the same within `data`, the first, second, ... get numbers of their own.

    Examples
    --------
    >>> values = np.array([[1.0], [2.0], [1.0]], np.float32)
    >>> first = identify_samples(MultimodalData({"a": Modality(Kind.VECTOR, values)}))
    >>> again = identify_samples(MultimodalData({"a": Modality(Kind.VECTOR, values[::-1])}))
    >>> len(set(first)), sorted(first) == sorted(again)
    (3, True)
    """
    seen: dict[bytes, int] = {}
    numbers = np.empty(len(data), np.int64)
    for row in range(len(data)):
        content = blake2b()
        for name, modality in data.modalities.items():
            content.update(name.encode() + b"\x1f" + _read(modality, row) + b"\x1f")
        key = content.digest()
        seen[key] = seen.get(key, 0) + 1
        digest = blake2b(key + seen[key].to_bytes(8, "little"), digest_size=8).digest()
        numbers[row] = int.from_bytes(digest, "little", signed=True)
    return numbers


def _read(modality: Modality, row: int) -> bytes:
    if modality.kind is Kind.TEXT:
        return str(modality.values[row]).encode()
    length = None if modality.lengths is None else modality.lengths[row]
    return np.ascontiguousarray(modality.values[row][:length]).tobytes()
