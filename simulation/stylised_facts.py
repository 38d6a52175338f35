"""What real markets have in common, measured of a simulated one.

In: mid prices at regular moments, trades, the average profile of the book. Out: numbers, and whether each is what the
literature found. Floats, since nothing is decided by them but a verdict; no chance, no clock.

- Returns are hardly autocorrelated beyond a minute, have fat tails that thin out with the time scale, and their absolute
  values are correlated for long; volume goes with volatility: R. Cont, "Empirical properties of asset returns: stylized facts
  and statistical issues", Quantitative Finance 1(2), 2001, 223-236.
- The average book has its maximum away from the best price: J.-P. Bouchaud, M. Mezard and M. Potters, "Statistical properties
  of stock order books: empirical results and models", Quantitative Finance 2(4), 2002, 251-256.
- Signs of market orders remember: F. Lillo and J. D. Farmer, "The long memory of the efficient market", Studies in Nonlinear
  Dynamics & Econometrics 8(3), 2004.

A return is the relative change of the mid price, which does not bounce between bid and ask as trades do. A band is that of
95 %: 1.96 / sqrt(n), within which the autocorrelation of n independent values stays nineteen times out of twenty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, log, sqrt
from typing import Final

from protocol.vocabulary import Nanoseconds, Side
from simulation.samples import Samples, Traded
from simulation.validation import Check

_SECOND_NS: Final = 1_000_000_000
_Z: Final = 1.96
LAGS: Final = 10
"""Lags that are looked at of absolute returns and of signs."""
SCALES_S: Final = (1, 10, 60, 300)
"""Time scales of the excess kurtosis, seconds."""
TAIL: Final = 0.05
"""Share of the values that is a tail."""
_BINS: Final = 20
_REACH: Final = 0.95
"""The profile is judged as far as this much of its quantity reaches."""
_BELOW: Final = 0.8
"""A hump: the profile begins and ends below this much of its peak."""


# -- measures of series --------------------------------------------------------------------------------
def autocorrelation(values: Sequence[float], lag: int) -> float:
    """Of a series with itself ``lag`` values later; 0 where nothing varies."""
    count = len(values)
    if count <= lag:
        return 0.0
    mean = fsum(values) / count
    off = [value - mean for value in values]
    variance = fsum([one * one for one in off])
    if not variance:
        return 0.0
    return fsum([first * second for first, second in zip(off, off[lag:], strict=False)]) / variance


def band(count: int) -> float:
    """How far from 0 the autocorrelation of so many independent values strays, in 95 of 100 cases."""
    return _Z / sqrt(count) if count else float("inf")


def excess_kurtosis(values: Sequence[float]) -> float:
    """Fourth moment over the square of the second, less the 3 of a normal distribution; 0 where nothing varies."""
    count = len(values)
    if not count:
        return 0.0
    mean = fsum(values) / count
    squares = [(value - mean) * (value - mean) for value in values]
    variance = fsum(squares) / count
    if not variance:
        return 0.0
    return fsum([square * square for square in squares]) / count / (variance * variance) - 3.0


def hill_index(values: Iterable[float], tail: float = TAIL) -> float | None:
    """Index of the power law that the largest absolute values follow; ``None``: too few of them, or all equal.

    Source: B. M. Hill, "A Simple General Approach to Inference About the Tail of a Distribution", Annals of Statistics
    3(5), 1975, 1163-1174.
    """
    ordered = sorted([abs(value) for value in values], reverse=True)
    count = int(len(ordered) * tail)
    if count < 5 or ordered[count] <= 0:
        return None
    threshold = ordered[count]
    excess = fsum([log(value / threshold) for value in ordered[:count]])
    return count / excess if excess > 0 else None


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's, of two series of one length; 0 where one of them does not vary."""
    count = len(first)
    if not count:
        return 0.0
    mean, other = fsum(first) / count, fsum(second) / count
    off = [(one - mean, two - other) for one, two in zip(first, second, strict=True)]
    spread = fsum([one * one for one, _ in off]) * fsum([two * two for _, two in off])
    return fsum([one * two for one, two in off]) / sqrt(spread) if spread else 0.0


def returns(prices: Sequence[float], step: int = 1) -> list[float]:
    """Relative changes over so many samples, one after the other."""
    chosen = prices[::step]
    return [later / earlier - 1.0 for earlier, later in pairwise(chosen)]


# -- what is measured ----------------------------------------------------------------------------------
def mid_prices(samples: Samples) -> tuple[list[float], Nanoseconds]:
    """Mid prices at the moments of the samples, from the first that had one, and the time of that one. Where a
    side is empty, or a call lets prices cross, the last mid price holds.
    """
    mids: list[float] = []
    start_ns = samples.start_ns
    for book in samples.books:
        mid = book.mid
        if mid is not None:
            if not mids:
                start_ns = book.at_ns
            mids.append(mid)
        elif mids:
            mids.append(mids[-1])
    return mids, start_ns


def signs(trades: Iterable[Traded]) -> list[int]:
    """1 for every aggressor that bought, -1 for every one that sold, however many orders each traded with."""
    found: list[int] = []
    last = 0
    for trade in trades:
        if trade.aggressor is not None and trade.order_id != last:
            last = trade.order_id
            found.append(1 if trade.aggressor is Side.BUY else -1)
    return found


def depth_profile(samples: Samples) -> list[tuple[int, float]]:
    """Mean displayed quantity a tick of one side, by distance from its best price: ``(first tick, quantity)`` of equal
    parts of the distance that nearly all of the quantity is within.
    """
    total = sum(samples.profile)
    if not total:
        return []
    gone, extent = 0, 0
    while gone < total * _REACH:
        gone += samples.profile[extent]
        extent += 1
    width = max(-(-extent // _BINS), 1)
    return [
        (first, sum(samples.profile[first : first + width]) / width / samples.profiles)
        for first in range(0, extent - width + 1, width)
    ]


def has_hump(profile: Sequence[tuple[int, float]]) -> bool:
    """Whether it rises to a peak away from the best price, and falls beyond it."""
    if len(profile) < 3:
        return False
    depths = [depth for _, depth in profile]
    peak = max(depths)
    return depths[0] < _BELOW * peak and depths[-1] < _BELOW * peak


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is measured of one instrument."""

    returns_10_s: float
    """Autocorrelation of returns, lag 1."""
    returns_60_s: float
    returns_60_s_band: float
    kurtosis: tuple[float, ...]
    """Excess kurtosis of returns, by ``SCALES_S``."""
    hill: float | None
    """Index of the tail of absolute returns over 10 s."""
    absolute: tuple[float, ...]
    """Autocorrelation of absolute returns over 10 s, lags 1 to ``LAGS``."""
    absolute_band: float
    signs: tuple[float, ...]
    """Autocorrelation of the signs of aggressors, lags 1 to ``LAGS``."""
    signs_band: float
    profile: tuple[tuple[int, float], ...]
    volume_volatility: float
    """Correlation of volume and realised volatility, minute by minute."""
    volume_volatility_band: float


def facts_of(samples: Samples) -> Facts | None:
    """Measure one instrument; ``None`` if it had no two sides for ten minutes, which is too little to say anything."""
    mids, start_ns = mid_prices(samples)
    steps = {scale: round(scale * _SECOND_NS / samples.every_ns) for scale in SCALES_S}
    if len(mids) * samples.every_ns < 600 * _SECOND_NS or min(steps.values()) < 1:
        return None
    by_scale = {scale: returns(mids, step) for scale, step in steps.items()}
    absolute = [abs(value) for value in by_scale[10]]
    ordered = signs(samples.trades)
    volumes, volatilities = _by_minute(mids, start_ns, samples)
    return Facts(
        autocorrelation(by_scale[10], 1),
        autocorrelation(by_scale[60], 1),
        band(len(by_scale[60])),
        tuple(excess_kurtosis(by_scale[scale]) for scale in SCALES_S),
        hill_index(by_scale[10]),
        tuple(autocorrelation(absolute, lag) for lag in range(1, LAGS + 1)),
        band(len(absolute)),
        tuple(autocorrelation(ordered, lag) for lag in range(1, LAGS + 1)),
        band(len(ordered)),
        tuple(depth_profile(samples)),
        correlation(volumes, volatilities),
        band(len(volumes)),
    )


def _by_minute(
    mids: Sequence[float], start_ns: Nanoseconds, samples: Samples
) -> tuple[list[float], list[float]]:
    """Volume, and the root of the sum of squared returns, of every whole minute."""
    step = round(60 * _SECOND_NS / samples.every_ns)
    minutes = (len(mids) - 1) // step
    volumes = [0.0] * minutes
    for trade in samples.trades:
        minute = (trade.at_ns - start_ns) // (60 * _SECOND_NS)
        if 0 <= minute < minutes:
            volumes[minute] += trade.quantity
    changes = returns(mids)
    volatilities = [
        sqrt(fsum([change * change for change in changes[minute * step : (minute + 1) * step]]))
        for minute in range(minutes)
    ]
    return volumes, volatilities


# -- verdicts ------------------------------------------------------------------------------------------
def checks_of(facts: Facts | None) -> list[Check]:
    """Every fact with what it should be."""
    if facts is None:
        return [
            Check("stylised facts", "ten minutes of a book with two sides", "less", False),
        ]
    kurtosis = facts.kurtosis
    absolute = fsum(facts.absolute) / LAGS
    profile = facts.profile
    peak = max(profile, key=lambda one: one[1], default=(0, 0.0))
    return [
        Check(
            "returns, 10 s: autocorrelation",
            "below 0.1 in size",
            f"{facts.returns_10_s:+.3f}",
            abs(facts.returns_10_s) < 0.1,
        ),
        Check(
            "returns, 60 s: autocorrelation",
            f"within +-{facts.returns_60_s_band:.3f}",
            f"{facts.returns_60_s:+.3f}",
            abs(facts.returns_60_s) <= facts.returns_60_s_band,
        ),
        Check("returns, 1 s: excess kurtosis", "above 3", f"{kurtosis[0]:.2f}", kurtosis[0] > 3),
        Check(
            "excess kurtosis, 1 to 300 s",
            "falling at 10, 60, 300 s",
            ", ".join(f"{one:.2f}" for one in kurtosis),
            all(later < earlier for earlier, later in pairwise(kurtosis)),
        ),
        Check(
            "returns, 10 s: Hill index of the tail",
            "2 to 5",
            "none" if facts.hill is None else f"{facts.hill:.2f}",
            facts.hill is not None and 2 <= facts.hill <= 5,
        ),
        Check(
            "absolute returns, 10 s: mean autocorrelation",
            f"above {facts.absolute_band:.3f}",
            f"{absolute:+.3f}",
            absolute > facts.absolute_band,
        ),
        Check(
            f"signs of orders: autocorrelation, lags 1 to {LAGS}",
            "all above 0",
            f"{min(facts.signs):+.3f} to {max(facts.signs):+.3f}",
            min(facts.signs) > 0,
        ),
        Check(
            "mean depth by distance from the best price",
            "a hump",
            f"{profile[0][1]:.1f} at 0, peak {peak[1]:.1f} at {peak[0]}, {profile[-1][1]:.1f} at {profile[-1][0]} ticks"
            if profile
            else "no depth",
            has_hump(profile),
        ),
        Check(
            "volume and volatility by minute: correlation",
            f"above {facts.volume_volatility_band:.3f}",
            f"{facts.volume_volatility:+.3f}",
            facts.volume_volatility > facts.volume_volatility_band,
        ),
    ]
