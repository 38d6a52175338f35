"""Days of order flow for tests: the recorded one where it is, a generated one everywhere.

In: nothing. Out: paths of files in the format that ``tontine replay`` reads.
"""

import gzip
from pathlib import Path

from traders.order_flow import generated_day, write_flow

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "goog-2012-06-21.jsonl.gz"
"""The recorded day: not part of the project, as its terms of redistribution are unclear."""

ABSENT = f"the recorded day ({RECORDED.name}) is not beside the project; the generated day stands in"

VENUE_FILE = """
[[instruments]]
symbol = "GOOG"
tick = 50
price_decimals = 4
"""


def generated(directory: Path, commands: int = 20_000, seed: int = 20120621) -> Path:
    """A generated day as a file."""
    path = directory / "generated.jsonl.gz"
    path.write_bytes(gzip.compress(write_flow(generated_day(seed, commands)), compresslevel=1))
    return path
