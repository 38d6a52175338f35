"""What holds for all tests: how hypothesis searches, and that it is the source that is tested."""

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
