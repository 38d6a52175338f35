"""How long messages take: draws from the models of a scenario file.

In: a model, a seeded generator. Out: a function that says, each time it is called, how many nanoseconds the next
message takes. Keeping messages of one link in order is the business of the link: ``simulation.agent``.
"""

from collections.abc import Callable
from random import Random

from protocol.errors import ConfigError
from protocol.vocabulary import Nanoseconds
from traders.latency import Fixed, Latency, LogNormal, Sites, Uniform
from traders.strategies.chance import integer, lognormal

Draw = Callable[[], Nanoseconds]


def constant(model: Latency) -> Nanoseconds | None:
    """What every message takes, if they all take the same."""
    if isinstance(model, Fixed):
        return model.ns
    if isinstance(model, Uniform) and model.low_ns == model.high_ns:
        return model.low_ns
    if isinstance(model, LogNormal) and not model.sigma:
        return model.floor_ns + model.median_ns
    return None


def draws(model: Latency, rng: Random, site: str | None, *, to_venue: bool) -> Draw:
    """The function. ``site``: where the trader is; ``to_venue``: which of the two ways is meant.

    Raises:
        ConfigError: the model goes by sites, and does not have this pair.
    """
    match model:
        case Fixed():
            ns = model.ns
            return lambda: ns
        case Uniform():
            low_ns, high_ns = model.low_ns, model.high_ns
            return lambda: integer(rng, low_ns, high_ns)
        case LogNormal():
            floor_ns, median_ns, sigma = model.floor_ns, model.median_ns, model.sigma
            return lambda: floor_ns + round(lognormal(rng, median_ns, sigma))
        case Sites():
            here = site or ""
            start, end = (here, model.venue) if to_venue else (model.venue, here)
            base_ns = model.ns.get(start, {}).get(end)
            if base_ns is None:
                raise ConfigError("latency.ns", f"there is no way from site {start!r} to {end!r}")
            jitter_ns = model.jitter_ns
            return lambda: base_ns + (integer(rng, 0, jitter_ns) if jitter_ns else 0)
