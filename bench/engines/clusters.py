"""Schedulers of dask: one that is there, or one that is made here with workers on a cluster."""

import asyncio
import json
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Client, LocalCluster, rpc
from distributed.utils import LoopRunner

from ...errors import FusebenchError

if TYPE_CHECKING:
    from .base import Place

__all__ = ["connect"]

_SECONDS = 10  # in which a scheduler must answer
_SETTINGS = {
    "slurm": "~/.config/dask/jobqueue.yaml, under jobqueue: slurm",
    "kubernetes": "~/.config/dask/kubernetes.yaml, under kubernetes",
}


@contextmanager
def connect(place: "Place") -> Iterator[Client]:
    """Connect to the scheduler of a place, and end it afterwards if it was made for that.

    Raises
    ------
    FusebenchError
        If none answers, or none can be made.
    """
    if place.scheduler is not None:
        with _find(place.scheduler) as client:
            yield client
    else:
        with _make(place) as cluster, Client(cluster, set_as_default=False) as client:
            yield client


def _find(scheduler: str) -> Client:
    is_file = scheduler.endswith(".json") or Path(scheduler).is_file()
    address = _read_address(Path(scheduler)) if is_file else scheduler
    try:
        # A client that cannot connect keeps its thread, and when it is collected in the thread of the next
        # one, both wait for the same lock; so only who has been heard to answer gets a client.
        LoopRunner().run_sync(_hear, address)
        return Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise FusebenchError(
            f"No dask scheduler answers at {scheduler!r} within {_SECONDS} seconds; name the address that "
            "`dask scheduler` prints, such as tcp://10.0.0.1:8786, or its --scheduler-file."
        ) from error


async def _hear(address: str) -> None:
    async with rpc(address, timeout=_SECONDS) as scheduler:
        await asyncio.wait_for(scheduler.identity(), _SECONDS)


def _read_address(path: Path) -> str:
    """Read the address out of the file that `dask scheduler --scheduler-file` wrote."""
    try:
        return str(json.loads(path.read_text())["address"])
    except FileNotFoundError:
        raise FusebenchError(f"There is no file {str(path)!r} of a scheduler.") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FusebenchError(
            f"{path} names no address of a scheduler; name the file that "
            "`dask scheduler --scheduler-file` writes, or the address that it prints."
        ) from error


def _make(place: "Place") -> Any:
    try:
        if place.cluster == "slurm":
            with _interrupts_kept():
                from dask_jobqueue import SLURMCluster

            cluster = SLURMCluster()
            cluster.adapt(minimum=place.jobs, maximum=place.jobs)  # jobs that end are replaced
            return cluster
        if place.cluster == "kubernetes":
            from dask_kubernetes.operator import KubeCluster

            return KubeCluster(n_workers=place.jobs)
        # A limit of memory is not dask's to enforce: it sees its workers, not the processes that compute.
        return LocalCluster(
            n_workers=place.jobs,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",  # a port that is free
            silence_logs=logging.ERROR,  # the loss of a worker is told as that of its cell
        )
    except ImportError as error:
        raise FusebenchError(
            f'--cluster {place.cluster} needs more packages: pip install "fusebench[{place.cluster}]".'
        ) from error
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        where = f" Its settings stand in {_SETTINGS[place.cluster]}." if place.cluster else ""
        raise FusebenchError(
            f"The cluster {place.cluster or 'of local processes'} cannot be made: {error}{where}"
        ) from error


@contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Keep what Ctrl-C does: to import dask-jobqueue makes it a silent end with exit code 0."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
