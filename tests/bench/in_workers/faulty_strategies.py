"""A strategy that does what a test wants, once, and otherwise what `late-mean` does."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from fusebench.fusions.late import LateMean

FAULT = "FUSEBENCH_TEST_FAULT"  # a folder; the name of the file in it says what is to go wrong


def sleep():
    time.sleep(300)


def grow():
    kept = np.ones(2**28)  # 2 GiB
    time.sleep(300)
    return kept


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def leave():
    sys.exit(0)


def fail():
    raise ValueError("planted")


class Faulty(LateMean):
    """The file of the fault is gone when it has happened."""

    def _fit(self, train, validation):
        super()._fit(train, validation)
        for planned in Path(os.environ[FAULT]).iterdir():
            planned.unlink()
            globals()[planned.name]()


class NotFinite(LateMean):
    """What it predicts is no number."""

    def _predict_outputs(self, data):
        return np.full_like(super()._predict_outputs(data), np.nan)
