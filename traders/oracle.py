"""What each instrument is worth: the fundamental value as a function of time.

After D. Byrd, M. Hybinette and T. H. Balch, "ABIDES: Towards High-Fidelity Multi-Agent Market Simulation", Proceedings of
the 2020 ACM SIGSIM Conference on Principles of Advanced Discrete Simulation, 11-22 (arXiv:1904.12066), and its "sparse mean
reverting oracle": an Ornstein-Uhlenbeck process (G. E. Uhlenbeck and L. S. Ornstein, "On the Theory of the Brownian
Motion", Physical Review 36, 1930, 823-841), and on top of it "megashocks", which arrive as a Poisson process, with normal sizes
around two modes, up and down. Added to it: the rate at which news arrives may wander (P. K. Clark, "A Subordinated
Stochastic Process Model with Finite Variance for Speculative Prices", Econometrica 41(1), 1973, 135-155), shocks may be
scheduled, instruments may share a factor, and a basket is worth the sum of its parts.

In: a configuration and a seed. Out: values in price units, integers. Promises: the value at a time depends on nothing but
configuration, seed and that time. Theirs draws when somebody looks, so that another trader makes another history; here
the path lies on a grid of ``step_s``, is drawn in order, each instrument from generators of its own, and is held
between the points of the grid: to draw a line between two points would be to look ahead. Pure: no clock, no I/O.
"""

from math import sqrt
from random import Random
from typing import Final

from protocol.vocabulary import Nanoseconds, Price, Symbol
from traders.oracle_config import Fundamental, OracleConfig
from traders.strategies.chance import exp, exponential, nearest, normal

_LN2: Final = 0.6931471805599453
_SECOND: Final = 1_000_000_000


class Oracle:
    """Knows what everything is worth. Ask it in any order, as often as you like."""

    def __init__(self, config: OracleConfig, seed: int | str) -> None:
        self.config = config
        self._baskets = dict(config.baskets)
        self._step_ns = max(1, round(config.step_s * _SECOND))
        self._common = _Normals(Random(f"{seed}/oracle/common"))
        self._paths = {
            symbol: _Path(fundamental, config.step_s, self._common, f"{seed}/oracle/{symbol}")
            for symbol, fundamental in config.instruments.items()
        }

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What has a value, the baskets last."""
        return (*self.config.instruments, *self.config.baskets)

    def value(self, symbol: Symbol, at_ns: Nanoseconds) -> Price:
        """What ``symbol`` is worth ``at_ns`` after the start of the session, in price units, at least 1.

        Raises:
            KeyError: the oracle knows no such instrument.
        """
        basket = self._baskets.get(symbol)
        if basket is None:
            return self._paths[symbol].at(max(at_ns, 0) // self._step_ns)
        total = sum([weight * self.value(part, at_ns) for part, weight in basket.weights.items()])
        return max(1, (2 * total + basket.divisor) // (2 * basket.divisor))  # to the nearest, half up

    def observe(self, symbol: Symbol, at_ns: Nanoseconds, noise: float, rng: Random) -> Price:
        """What a trader sees of the value: the truth and normal noise with the deviation ``noise``, in price units,
        from ``rng``, the trader's own: what others see does not depend on it.
        """
        value = self.value(symbol, at_ns)
        return max(1, value + nearest(normal(rng, 0.0, noise))) if noise else value


class _Normals:
    """Standard normal numbers by place, drawn once."""

    __slots__ = ("_drawn", "_rng")

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._drawn: list[float] = []

    def __getitem__(self, place: int) -> float:
        while len(self._drawn) <= place:
            self._drawn.append(normal(self._rng))
        return self._drawn[place]


class _Path:
    """The value of one instrument, point by point."""

    def __init__(self, fundamental: Fundamental, step_s: float, common: _Normals, seed: str) -> None:
        self._of = fundamental
        self._step_s = step_s
        self._common = common
        self._own_share = sqrt(1.0 - fundamental.common_share * fundamental.common_share)
        # One generator for each process: a scenario that switches shocks on keeps its diffusion.
        self._diffusion, self._news, self._arrivals = (
            Random(f"{seed}/{n}") for n in ("value", "news", "shock")
        )
        if fundamental.half_life_s is None:
            self._keeps, self._spread = 1.0, fundamental.volatility * sqrt(step_s)
        else:
            rate = _LN2 / fundamental.half_life_s
            # Exact for steps of any length: D. T. Gillespie, Physical Review E 54(2), 1996, 2084-2091.
            self._keeps = exp(-rate * step_s)
            self._spread = fundamental.volatility * sqrt((1.0 - exp(-2.0 * rate * step_s)) / (2.0 * rate))
        self._level_keeps = exp(-_LN2 / fundamental.volatility_half_life_s * step_s)
        self._level = fundamental.volatility_deviation * normal(self._news) if self._wanders else 0.0
        self._mean = float(fundamental.mean)
        self._value = float(fundamental.initial or fundamental.mean)
        self._scheduled = sorted(fundamental.scheduled, key=lambda shock: shock.at_s)
        self._shocked = 0
        self._next_shock_s = self._wait()
        self._points: list[Price] = []
        self._settle(0.0)

    @property
    def _wanders(self) -> bool:
        return self._of.volatility_deviation > 0

    def at(self, point: int) -> Price:
        while len(self._points) <= point:
            self._step()
        return self._points[point]

    def _step(self) -> None:
        place = len(self._points)
        noise = self._own_share * normal(self._diffusion)
        if self._of.common_share:
            noise += self._of.common_share * self._common[place - 1]
        spread = self._spread
        if self._wanders:
            deviation, keeps = self._of.volatility_deviation, self._level_keeps
            self._level = keeps * self._level + deviation * sqrt(1.0 - keeps * keeps) * normal(self._news)
            # Less the square of the deviation: the mean of the squared volatility stays what it was.
            spread *= exp(self._level - deviation * deviation)
        self._value = self._mean + (self._value - self._mean) * self._keeps + spread * noise
        self._settle(place * self._step_s)

    def _settle(self, now_s: float) -> None:
        """Add the shocks that have come by now, and note the value."""
        while self._next_shock_s <= now_s:
            size = normal(self._arrivals, self._of.shock_mean, self._of.shock_deviation)
            self._value += size if self._arrivals.random() < 0.5 else -size
            self._next_shock_s += self._wait()
        while self._shocked < len(self._scheduled) and self._scheduled[self._shocked].at_s <= now_s:
            shock = self._scheduled[self._shocked]
            self._shocked += 1
            self._value += shock.change
            if shock.lasting:
                self._mean += shock.change
        self._points.append(max(1, round(self._value)))

    def _wait(self) -> float:
        if not self._of.shocks_per_hour:
            return float("inf")
        return exponential(self._arrivals, 3_600.0 / self._of.shocks_per_hour)
