"""How long messages take: draws from the models of a scenario file.

In: a model, a seeded generator. Out: an object that says, each time it is asked, how many nanoseconds the next message
takes. Keeping messages of one link in order is the business of the link: ``simulation.agent``.
"""

from random import Random

from mypy_extensions import mypyc_attr

from protocol.errors import ConfigError
from protocol.vocabulary import Nanoseconds
from traders.latency import Fixed, Latency, LogNormal, Sites, Uniform
from traders.strategies.chance import lognormal, nearest


@mypyc_attr(allow_interpreted_subclasses=True)
class Draw:
    """How long messages of one way take."""

    __slots__ = ()

    def ns(self) -> Nanoseconds:
        """What the next one takes."""
        raise NotImplementedError


class Always(Draw):
    """All take the same."""

    __slots__ = ("_ns",)

    def __init__(self, ns: Nanoseconds) -> None:
        self._ns = ns

    def ns(self) -> Nanoseconds:
        return self._ns


class _Uniform(Draw):
    """From ``low_ns`` to ``high_ns``, both included."""

    __slots__ = ("_choices", "_low_ns", "_random")

    def __init__(self, rng: Random, low_ns: Nanoseconds, high_ns: Nanoseconds) -> None:
        self._random = rng.random
        self._low_ns = low_ns
        self._choices = high_ns - low_ns + 1

    def ns(self) -> Nanoseconds:
        # As ``chance.integer``, written out: nothing is drawn as often.
        return self._low_ns + int(self._random() * self._choices)


class _LogNormal(Draw):
    """``floor_ns``, and on top of it a lognormal part."""

    __slots__ = ("_floor_ns", "_median_ns", "_rng", "_sigma")

    def __init__(self, rng: Random, floor_ns: Nanoseconds, median_ns: Nanoseconds, sigma: float) -> None:
        self._rng = rng
        self._floor_ns = floor_ns
        self._median_ns = median_ns
        self._sigma = sigma

    def ns(self) -> Nanoseconds:
        return self._floor_ns + nearest(lognormal(self._rng, self._median_ns, self._sigma))


def constant(model: Latency, site: str | None = None, *, to_venue: bool = True) -> Nanoseconds | None:
    """What every message takes, if they all take the same. The other arguments as of ``draws``, which also raises."""
    match model:
        case Fixed():
            return model.ns
        case Uniform():
            return model.low_ns if model.low_ns == model.high_ns else None
        case LogNormal():
            return None if model.sigma else model.floor_ns + model.median_ns
        case Sites():
            return None if model.jitter_ns else _between(model, site, to_venue=to_venue)


def draws(model: Latency, rng: Random, site: str | None, *, to_venue: bool) -> Draw:
    """The object. ``site``: where the trader is; ``to_venue``: which of the two ways is meant.

    Raises:
        ConfigError: the model goes by sites, and does not have this pair.
    """
    ns = constant(model, site, to_venue=to_venue)
    if ns is not None:
        return Always(ns)
    match model:
        case Uniform():
            return _Uniform(rng, model.low_ns, model.high_ns)
        case LogNormal():
            return _LogNormal(rng, model.floor_ns, model.median_ns, model.sigma)
        case Sites():
            base_ns = _between(model, site, to_venue=to_venue)
            return _Uniform(rng, base_ns, base_ns + model.jitter_ns)
        case _:
            raise AssertionError(f"{model!r} takes always the same")


def _between(model: Sites, site: str | None, *, to_venue: bool) -> Nanoseconds:
    here = site or ""
    start, end = (here, model.venue) if to_venue else (model.venue, here)
    ns = model.ns.get(start, {}).get(end)
    if ns is None:
        raise ConfigError("latency.ns", f"there is no way from site {start!r} to {end!r}")
    return ns
