"""Venue files for servers that are measured with everything switched on.

In: nothing but the accounts of the order flow. Out: TOML. Nothing in it refuses any of the flow: what is measured
is what checking and counting cost.
"""

from benchmarks import flow

_DEPOSIT = 1_000_000_000_000_000


def with_ledger() -> str:
    """An open venue whose instrument settles, with fees, funded accounts, and a limit of every kind for all."""
    accounts = "\n".join(
        f'[[accounts]]\nname = "{name}"\ndeposits = {{ USD = {_DEPOSIT}, SHARE = {_DEPOSIT} }}'
        for name in flow.ACCOUNT_NAMES
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

{accounts}
"""
