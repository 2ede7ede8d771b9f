"""What uses memory in the workers of the tests."""

import mmap
import time


def look_through(path):
    """Read a file through memory, keep it mapped, and be seen with it."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        total = sum(content[:: mmap.PAGESIZE])
        time.sleep(0.5)
        return total
