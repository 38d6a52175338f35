"""How far a number is from what it has been: a moving mean and deviation.

In: numbers, one at a time. Out: z-scores. The mean of the last so many looks is that of a window, recomputed from exact
integers, so that nothing drifts away over a long day. Pure.
"""

from collections import deque
from math import sqrt


class Window:
    """The last ``looks`` integers, with their mean and standard deviation."""

    __slots__ = ("_numbers", "_squares", "_sum")

    def __init__(self, looks: int) -> None:
        self._numbers: deque[int] = deque(maxlen=looks)
        self._sum = self._squares = 0

    def add(self, number: int) -> None:
        numbers = self._numbers
        if len(numbers) == numbers.maxlen:
            oldest = numbers[0]
            self._sum -= oldest
            self._squares -= oldest * oldest
        numbers.append(number)
        self._sum += number
        self._squares += number * number

    @property
    def is_full(self) -> bool:
        return len(self._numbers) == self._numbers.maxlen

    @property
    def mean(self) -> float:
        """0 without numbers."""
        return self._sum / len(self._numbers) if self._numbers else 0.0

    @property
    def deviation(self) -> float:
        """Of the numbers in the window from their mean; 0 if they are all equal."""
        count = len(self._numbers)
        return sqrt(count * self._squares - self._sum * self._sum) / count if count else 0.0

    def score(self, number: int, floor: float = 0.0) -> float:
        """How many deviations ``number`` is above the mean; a deviation below ``floor`` counts as that. 0 if both are 0."""
        deviation = max(self.deviation, floor)
        return (number - self.mean) / deviation if deviation else 0.0
