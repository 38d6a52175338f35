"""What holds for all tests: how hypothesis searches, that it is the source that is tested, and what is not looked at again."""

import gc
import os

from hypothesis import settings

from simulation import native

# No deadline: a busy machine is no fault. The gate draws the same examples every time; at a desk each run
# looks elsewhere, and what it finds is printed in a form that repeats it.
settings.register_profile("tontine", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("tontine")

# The source, also where somebody has compiled it. `make compiled` asks for compiled modules: then it is these, in processes that
# tests start, too, or an error. Tests are imported after this.
if os.environ.get(native.VARIABLE) == "1":
    native.prefer()
else:
    os.environ[native.VARIABLE] = "0"


def pytest_collection_finish() -> None:
    """Thousands of tests live to the end. Runs and benchmarks have garbage collected before they begin: 0.2 s each with them."""
    gc.collect()
    gc.freeze()
