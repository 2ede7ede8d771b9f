import pandas as pd
import pytest

from fusebench.results.records import validate

from .fixtures import make_records


@pytest.fixture(scope="session")
def records() -> pd.DataFrame:
    """Six data sets with a failed, three skipped and an absent cell."""
    return validate(make_records())


@pytest.fixture(scope="session")
def whole() -> pd.DataFrame:
    """Six data sets, every cell done."""
    return validate(make_records(damaged=False))
