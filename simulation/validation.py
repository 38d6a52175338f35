"""What a claim is worth: a target that was set beforehand, the result that was found, the verdict.

In: names, targets and results as text. Out: rows for ``tontine validate``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, checked."""

    name: str
    """What was looked at, in a few words."""
    target: str
    """What it had to be, with its unit."""
    result: str
    """What it was, in the same unit."""
    passed: bool
