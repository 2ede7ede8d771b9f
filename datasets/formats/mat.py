"""MATLAB files up to version 7, read by SciPy; nothing is executed and sizes are looked at first."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

__all__ = ["read_mat"]


def read_mat(content: bytes, limits: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Read the named variables of a file.

    Parameters
    ----------
    content : bytes
        The whole file.
    limits : mapping of str to tuple of int
        The variables, and the largest size of each dimension that is believed.

    Returns
    -------
    dict of str to numpy.ndarray
        Matrices as MATLAB has them, with two dimensions at least; cell arrays hold objects.

    Raises
    ------
    ValueError
        If it is no such file, or a variable is not there or larger than its limits.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.io import savemat
    >>> file = BytesIO()
    >>> savemat(file, {"x": np.eye(2)})
    >>> read_mat(file.getvalue(), {"x": (10, 10)})["x"]
    array([[1., 0.],
           [0., 1.]])
    """
    from scipy.io import loadmat, whosmat

    try:
        shapes = {name: shape for name, shape, _ in whosmat(BytesIO(content))}
    except Exception as error:  # the reader raises many kinds on damaged bytes
        raise ValueError(f"it is not a whole MATLAB file: {error}") from error
    for name, limit in limits.items():
        if name not in shapes:
            raise ValueError(f"it has no variable {name!r}")
        shape = shapes[name]
        if len(shape) != len(limit) or any(a > b for a, b in zip(shape, limit, strict=True)):
            raise ValueError(f"{name} has the shape {shape}, more than {limit}")
    try:
        found = loadmat(BytesIO(content), variable_names=list(limits))
    except Exception as error:
        raise ValueError(f"it is not a whole MATLAB file: {error}") from error
    return {name: found[name] for name in limits}
