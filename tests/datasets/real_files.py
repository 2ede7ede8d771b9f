"""Whether the files of a data set are on this machine."""

import pytest

from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError


def load_real(name, **options):
    """Give a data set whose files are there, or skip the test."""
    dataset = load_dataset(name, **options)
    try:
        dataset.fingerprint()
    except DataNotFoundError as error:
        pytest.skip(f"needs real files: {error}")
    return dataset
