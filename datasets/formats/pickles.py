"""Pickles that hold numpy arrays, read without executing anything that they name.

A pickle is a program: it may name any function and have it called. Here the few names that numpy writes
lead to the small classes below, which take sizes and bytes and call nothing; any other name is refused. The
interpreter of the standard library that is written in Python is used, since the faster one reserves memory
for whatever place in its table of objects a file names.
"""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_BYTES", "find_array", "read_pickle"]

MAX_BYTES = 16 * 2**30
KINDS = "biufU"


def read_pickle(path: Path) -> Any:
    """Read a pickle of dictionaries, lists, strings, numbers and numpy arrays.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    object
        Arrays are reached with `find_array`. Lists may hold the same object many times, so that to walk
        through everything may take for ever; look up what is needed.

    Raises
    ------
    ValueError
        If it names anything else, is damaged or cut off, or larger than `MAX_BYTES`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.pkl")
    ...     _ = path.write_bytes(pickle.dumps({"train": {"x": np.arange(3)}}))
    ...     find_array(read_pickle(path), "train", "x")
    array([0, 1, 2])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.pkl")
    ...     _ = path.write_bytes(pickle.dumps(print))
    ...     read_pickle(path)
    Traceback (most recent call last):
    ...
    ValueError: it names builtins.print, which is not read: only numpy arrays are
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"it has {size} bytes, more than {MAX_BYTES}")
    with path.open("rb") as file:
        try:
            return _Unpickler(_Bounded(file, size), encoding="latin1").load()
        except ValueError:
            raise
        except Exception as error:  # a damaged program may fail in any way
            raise ValueError(f"it is not a whole pickle: {error or type(error).__name__}") from error


def find_array(content: Any, *keys: str) -> NDArray:
    """Look an array up in dictionaries of dictionaries.

    Parameters
    ----------
    content : object
        From `read_pickle`.
    *keys : str
        From the outermost dictionary to the array.

    Raises
    ------
    ValueError
        If there is no such key, or something else than an array of numbers or strings.
    """
    for depth, key in enumerate(keys):
        if not isinstance(content, dict) or key not in content:
            raise ValueError(f"it has no {'/'.join(keys[: depth + 1])!r}")
        content = content[key]
    if not isinstance(content, _Array) or content.array is None:
        raise ValueError(f"{'/'.join(keys)!r} is no array of numbers or strings")
    return content.array


class _Bounded:
    """A file that is never asked for more bytes than it has left, whatever size a pickle declares."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.readline = file.readline

    def read(self, n: int) -> bytes:
        left = self._size - self._file.tell()
        if not 0 <= n <= left:
            raise ValueError(f"it declares {n} bytes where {left} are left")
        return self._file.read(n)

    def readinto(self, buffer: bytearray) -> int:
        buffer[:] = self.read(len(buffer))
        return len(buffer)


class _DType:
    """What numpy.dtype makes: a simple type of numbers or strings, and its byte order."""

    def __init__(self, code: str, *_: Any) -> None:
        self.dtype = np.dtype(_text(code))
        self.readable = self.dtype.kind in KINDS and self.dtype.itemsize > 0

    def __setstate__(self, state: tuple) -> None:
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"it has a byte order {order!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """What numpy makes of an array; `array` is None for one of Python objects, which is left aside."""

    array: NDArray | None = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, fortran, content = state
        if dtype.readable:
            self.array = _view(content, dtype, shape, "F" if fortran else "C")


def _view(content: Any, dtype: _DType, shape: tuple[int, ...], order: Any) -> NDArray:
    raw = content.encode("latin1") if isinstance(content, str) else content
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.dtype.itemsize != len(raw):
        raise ValueError(f"an array declares the shape {shape} of {dtype.dtype}, but has {len(raw)} bytes")
    return np.frombuffer(raw, dtype.dtype).reshape(shape, order=order)


def _from_buffer(content: Any, dtype: _DType, shape: tuple[int, ...], order: Any) -> _Array:
    """Stand in for numpy's own, which pickles of protocol 5 name."""
    array = _Array()
    array.array = _view(content, dtype, shape, order)
    return array


def _scalar(dtype: _DType, content: Any) -> Any:
    return _view(content, dtype, (), "C")[()] if dtype.readable else None


def _encode(text: str, encoding: str) -> bytes:
    """Stand in for the codec that pickles of protocol 2 name to write bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"it encodes bytes as {encoding!r}")
    return text.encode("latin1")


def _text(code: str | bytes) -> str:
    return code.decode("ascii") if isinstance(code, bytes) else code


_NAMES: dict[tuple[str, str], Callable] = {
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): _Array,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): lambda: b"",
}
for _core in ("numpy.core", "numpy._core"):
    _NAMES[f"{_core}.multiarray", "_reconstruct"] = lambda *_: _Array()
    _NAMES[f"{_core}.multiarray", "scalar"] = _scalar
    _NAMES[f"{_core}.numeric", "_frombuffer"] = _from_buffer


_Interpreter: Any = pickle._Unpickler


class _Unpickler(_Interpreter):
    """The interpreter, with the names above and no other."""

    dispatch: ClassVar[dict[int, Callable]] = dict(_Interpreter.dispatch)

    def find_class(self, module: str, name: str) -> Callable:
        if (module, name) not in _NAMES:
            raise ValueError(f"it names {module}.{name}, which is not read: only numpy arrays are")
        return _NAMES[module, name]

    def load_bytearray8(self) -> None:
        """Read bytes instead of reserving as many as are declared."""
        self.append(self.read(int.from_bytes(self.read(8), "little")))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def load_build(self) -> None:
        """Hand state to arrays and their types only: the interpreter would set attributes of anything."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Array | _DType):
            raise ValueError("it sets the state of something that is no array")
        self.stack[-1].__setstate__(state)

    dispatch[pickle.BUILD[0]] = load_build
