"""What the workers of the tests do."""

import os
import signal
import sys
import time
from multiprocessing import parent_process

from fusebench.errors import FusebenchError


def nothing():
    """Prepare nothing."""


def double(value):
    return 2 * value


def die_once(marker, how):
    """Die when called first."""
    if not marker.exists():
        marker.touch()
        how()
    return "survived"


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


def grow(bytes_):
    kept = b"x" * bytes_
    time.sleep(60)
    return len(kept)


def break_down():
    raise ValueError("planted")


def refuse():
    raise FusebenchError("no more room")


def doze():
    time.sleep(5.5)


def await_file(path):
    while not path.exists():
        time.sleep(0.01)


def leave():
    sys.exit(3)


def kill_parent_once(marker):
    """Kill the process that started this one, and with it this one, when called first."""
    if not marker.exists():
        marker.touch()
        kill_parent()
    return "survived"


def kill_parent():
    os.kill(parent_process().pid, signal.SIGKILL)  # not getppid(): of an orphan that is another
    time.sleep(60)
