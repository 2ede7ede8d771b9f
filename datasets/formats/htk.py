"""Parameter files of the Hidden Markov Model Toolkit (HTK): a header of 12 bytes, then frames, big-endian."""

import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_htk"]

HEADER = struct.Struct(">iihh")
COMPRESSED = 0o2000  # qualifier _C of the parameter kind


def read_htk(content: bytes, width: int) -> NDArray[np.float32]:
    """Read frames of float32.

    Parameters
    ----------
    content : bytes
        The whole file.
    width : int
        Numbers a frame that it must have.

    Returns
    -------
    numpy.ndarray of shape (frames, width)
        At least one frame, all finite.

    Raises
    ------
    ValueError
        If it is cut off, compressed, of another width, or not finite.

    References
    ----------
    S. Young et al., "The HTK Book", section 5.10.1 "HTK format parameter files".

    Examples
    --------
    >>> content = HEADER.pack(2, 200000, 4, 6) + np.array([1, 2], ">f4").tobytes()
    >>> read_htk(content, width=1)
    array([[1.],
           [2.]], dtype=float32)
    """
    if len(content) < HEADER.size:
        raise ValueError(f"it must begin with {HEADER.size} bytes, however: {len(content)}")
    n_frames, _, size, kind = HEADER.unpack_from(content)
    if kind & COMPRESSED or size != 4 * width:
        raise ValueError(f"its frames must be {width} float32, however: {size} bytes of kind {kind}")
    if n_frames < 1 or len(content) != HEADER.size + n_frames * size:
        raise ValueError(f"it declares {n_frames} frames of {size} bytes, but has {len(content)} bytes")
    frames = np.frombuffer(content, ">f4", offset=HEADER.size).reshape(n_frames, width)
    if not np.isfinite(frames).all():
        raise ValueError("it holds numbers that are not finite")
    return frames.astype(np.float32)
