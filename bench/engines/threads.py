"""One thread for numerical libraries: faster on small matrices, and the same sums whatever the machine."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["pin_threads", "pinned_environment"]

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_ENVIRONMENT = threading.Lock()  # it is one for all threads, of which a worker of dask can have many


@contextmanager
def pinned_environment() -> Iterator[None]:
    """Have processes that are started inside use one thread; libraries read this when first loaded."""
    with _ENVIRONMENT:
        before = {name: os.environ.get(name) for name in _VARIABLES}
        os.environ.update(dict.fromkeys(_VARIABLES, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def pin_threads() -> Callable[[], None]:
    """Load the libraries that fits use, and limit them to one thread in this process.

    They are loaded first because a limit reaches only what is there, and so that no fit is charged for
    an import.

    Returns
    -------
    callable
        Undoes it.
    """
    import torch
    import xgboost  # noqa: F401  (loaded for its side effect)
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    limits = threadpool_limits(limits=1)

    def undo() -> None:
        torch.set_num_threads(before)
        limits.restore_original_limits()

    return undo
