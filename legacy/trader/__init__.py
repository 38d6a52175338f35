"""The trader's side on the generator kernel: what ``traders.client`` is, with ``yield from`` in place of ``await``."""
