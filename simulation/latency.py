"""How long messages take: draws from the models of a scenario file.

In: a model, a seeded generator. Out: a function that says, each time it is called, how many nanoseconds the next
message takes. Keeping messages of one link in order is the business of the link: ``simulation.agent``.
"""

from collections.abc import Callable
from random import Random

from protocol.errors import ConfigError
from protocol.vocabulary import Nanoseconds
from traders.latency import Fixed, Latency, LogNormal, Sites, Uniform
from traders.strategies.chance import lognormal

Draw = Callable[[], Nanoseconds]


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
    """The function. ``site``: where the trader is; ``to_venue``: which of the two ways is meant.

    Raises:
        ConfigError: the model goes by sites, and does not have this pair.
    """
    ns = constant(model, site, to_venue=to_venue)
    if ns is not None:
        return lambda: ns
    match model:
        case Uniform():
            return _uniform(rng, model.low_ns, model.high_ns)
        case LogNormal():
            floor_ns, median_ns, sigma = model.floor_ns, model.median_ns, model.sigma
            return lambda: floor_ns + round(lognormal(rng, median_ns, sigma))
        case Sites():
            base_ns = _between(model, site, to_venue=to_venue)
            return _uniform(rng, base_ns, base_ns + model.jitter_ns)
        case _:
            raise AssertionError(f"{model!r} takes always the same")


def _uniform(rng: Random, low_ns: Nanoseconds, high_ns: Nanoseconds) -> Draw:
    # As ``chance.integer``, written out: nothing is drawn as often.
    random, choices = rng.random, high_ns - low_ns + 1
    return lambda: low_ns + int(random() * choices)


def _between(model: Sites, site: str | None, *, to_venue: bool) -> Nanoseconds:
    here = site or ""
    start, end = (here, model.venue) if to_venue else (model.venue, here)
    ns = model.ns.get(start, {}).get(end)
    if ns is None:
        raise ConfigError("latency.ns", f"there is no way from site {start!r} to {end!r}")
    return ns
