"""The workload that ships with Fusebench: what `fusebench track` times."""

from fusebench.bench.regression.workload import (
    pytest_generate_tests,
    test_corrupt,
    test_featurise,
    test_fit,
    test_plan,
    test_predict,
)

__all__ = [
    "pytest_generate_tests",
    "test_corrupt",
    "test_featurise",
    "test_fit",
    "test_plan",
    "test_predict",
]
