"""What holds for all tests: how hypothesis searches."""

import os

from hypothesis import settings

# No deadline: a busy machine is no fault. The gate draws the same examples every time; at a desk each run
# looks elsewhere, and what it finds is printed in a form that repeats it.
settings.register_profile("tontine", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("tontine")
