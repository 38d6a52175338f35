"""structlog without rich, for whoever sets a venue's log up before others import structlog.

In: nothing. Out: ``structlog``, as ``import structlog`` gives it, except that it takes rich for not installed.
structlog imports rich, pygments and attrs where they are, to print tracebacks with the values of variables. A venue never
prints these (some of the values are secrets), and the import is an eighth of the time that it takes to start.
"""

import sys

_HIDING = "rich" not in sys.modules

if _HIDING:
    sys.modules["rich"] = None  # type: ignore[assignment]  # as the import system marks what can't be imported
try:
    import structlog
finally:
    if _HIDING:
        del sys.modules["rich"]

__all__ = ["structlog"]
