"""Venue files for servers that are measured with everything switched on.

In: how many accounts the load has. Out: TOML. Nothing in it refuses any of the flow: what is measured
is what checking and counting cost.
"""

from benchmarks import flow
from benchmarks.load import account_name

_DEPOSIT = 1_000_000_000_000_000


def with_ledger(accounts: int) -> str:
    """An open venue whose instrument settles, with fees, funded accounts, and a limit of every kind for all."""
    funded = "\n".join(
        f'[[accounts]]\nname = "{account_name(number)}"\ndeposits = {{ USD = {_DEPOSIT}, SHARE = {_DEPOSIT} }}'
        for number in range(accounts)
    )
    return f"""\
name = "measured"
open = true

[[instruments]]
symbol = "{flow.SYMBOL}"
settlement = "spot"
base = "SHARE"
quote = "USD"
maker_fee_ppm = -50
taker_fee_ppm = 250

[limits]
order_quantity = 1_000_000
order_notional = 1_000_000_000_000
open_orders = 1_000_000
open_quantity = 1_000_000_000
position = 1_000_000_000
collar = 1_000_000
daily_loss = 1_000_000_000_000
message_rate = 10_000_000

{funded}
"""
