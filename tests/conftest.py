"""Settings of all tests."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine and on what else it does: speed belongs to benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Under tox a change is to fail by itself and not by chance: the same examples each time. Elsewhere new ones
# are tried, and those that fail are kept.
settings.register_profile(
    "repeatable", settings.get_profile("untimed"), derandomize=True, database=None, print_blob=True
)
settings.load_profile("repeatable" if os.environ.keys() & {"CI", "TOX_ENV_NAME"} else "untimed")
