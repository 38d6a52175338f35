"""What operators order: carried out as if the venue had, and audited with who and why (rules 4 and 8)."""

import pytest

from exchange.engine.commands import AdminCommand, MassCancel
from exchange.engine.events import AccountBlocked, AccountUnblocked, Administered, RequestRejected
from protocol.vocabulary import AccountId, Block, Phase, RejectReason, Request, Role, Symbol
from tests.support.accounts import (
    OPERATOR,
    account,
    block,
    broadcast,
    by_desk,
    deposit,
    fees,
    limits,
    pull,
    spot,
)
from tests.support.books import ACME, MAKER, TAKER, Market, buy, instrument, last_price, phase, sell, told


def market() -> Market:
    book = Market(spot(instrument()))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=1_000)
    book.submit(buy(2, at=90, name="a"))
    book.submit(buy(3, at=91, name="b"))
    return book


DONE: dict[str, tuple[AdminCommand, list[str]]] = {
    "add_instrument": (instrument("NEW"), ["NEW listed"]),
    "create_account": (account("new", Role.VIEWER, new=True), ["new is a viewer"]),
    "adjust_balance": (deposit(TAKER, 5), ["taker +5 USD, 552 free"]),
    "set_limits": (limits(TAKER, ACME, order_quantity=5), ["limits of taker in ACME"]),
    "set_fees": (fees(ACME, 0, 10), ["fees of ACME"]),
    "cancel_for": (pull(TAKER, "a"), ["a canceled 2: operator"]),
    "mass_cancel": (MassCancel(TAKER, None, None), ["a canceled 2: mass_cancel", "b canceled 3: mass_cancel", "2 canceled for taker"]),
    "change_phase": (phase(Phase.HALT), ["continuous to halt"]),
    "set_last_price": (last_price(95), ["last price 95"]),
    "broadcast": (broadcast("it is late"), ["notice: it is late"]),
    "disable_account": (block(TAKER), ["taker blocked: operator", "a canceled 2: account_disabled", "b canceled 3: account_disabled"]),
}  # fmt: skip
"""What an operator may order, by the word of the audit, and what comes of it."""


@pytest.mark.parametrize("action", DONE)
def test_order_of_an_operator_is_carried_out_and_audited_last(action: str) -> None:
    """Rule 4: one group; who and why stand at its end."""
    command, sentences = DONE[action]
    book = market()

    events = book.submit(by_desk(command, "so it goes"))

    assert told(events) == [*sentences, f"desk did {action}: so it goes"]
    assert isinstance(events[-1], Administered)
    assert events[-1].account == getattr(command, "account", None)
    assert events[-1].symbol == getattr(command, "symbol", None)


@pytest.mark.parametrize("action", DONE)
def test_the_venue_itself_orders_the_same_without_an_audit(action: str) -> None:
    """Rule 50: what the journal holds decides, not who is connected."""
    command, sentences = DONE[action]

    assert told(market().submit(command)) == sentences


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (spot(instrument()), RejectReason.DUPLICATE_INSTRUMENT),
        (instrument("BAD", tick=0), RejectReason.INVALID_INSTRUMENT),
        (account(TAKER, new=True), RejectReason.DUPLICATE_ACCOUNT),
        (block("nobody"), RejectReason.UNKNOWN_ACCOUNT),
        (deposit("nobody", 5), RejectReason.UNKNOWN_ACCOUNT),
        (deposit(TAKER, -5_000), RejectReason.INSUFFICIENT_FUNDS),
        (limits(None, "NONE", collar=1), RejectReason.UNKNOWN_SYMBOL),
        (fees("NONE", 0, 0), RejectReason.UNKNOWN_SYMBOL),
        (pull(TAKER, "z"), RejectReason.UNKNOWN_ORDER),
        (phase(Phase.HALT, symbol="NONE"), RejectReason.UNKNOWN_SYMBOL),
        (last_price(0), RejectReason.PRICE_NOT_POSITIVE),
        (MassCancel(TAKER, Symbol("NONE"), None), RejectReason.UNKNOWN_SYMBOL),
    ],
)
def test_order_that_can_not_be_carried_out_is_refused_to_the_operator(
    command: AdminCommand, reason: RejectReason
) -> None:
    """Rule 8: one answer, his, and nothing has changed."""
    book = market()
    before = book.money(TAKER)

    [event] = book.submit(by_desk(command))

    assert isinstance(event, RequestRejected)
    assert (event.account, event.client_order_id, event.request, event.reason) == (
        OPERATOR,
        None,
        Request.ADMIN,
        reason,
    )
    assert book.money(TAKER) == before


def test_disabled_account_is_enabled_again() -> None:
    """Its orders are gone; it may enter new ones."""
    book = market()

    [blocked, *cancels] = book.submit(block(TAKER))
    refused = book.submit(buy(1, at=50, name="c"))
    [enabled] = book.submit(block(TAKER, on=False))
    taken = book.submit(buy(1, at=50, name="d"))

    assert isinstance(blocked, AccountBlocked)
    assert (blocked.block, len(cancels)) == (Block.OPERATOR, 2)
    assert told(refused) == ["c refused: account_disabled"]
    assert enabled == AccountUnblocked(AccountId(TAKER))
    assert told(taken) == ["d accepted"]


def test_account_keeps_what_it_has_when_its_role_changes() -> None:
    """Who it is and what it has are two things."""
    book = market()

    book.submit(account(TAKER, Role.VIEWER, secret_hash="$argon2id$x", copies=[AccountId(MAKER)]))

    found = book.engine.accounts.by_name[AccountId(TAKER)]
    assert (found.role, found.secret_hash, found.copies) == (Role.VIEWER, "$argon2id$x", [MAKER])
    assert book.money(TAKER) == (1_000 - 453, 453)


def test_pulled_order_gives_back_what_it_held() -> None:
    """Rule 41."""
    book = market()

    book.submit(pull(TAKER, "b"))

    assert book.money(TAKER) == (1_000 - 180, 180)


def test_auction_that_an_operator_forces_is_audited_after_its_trades() -> None:
    """Rules 4, 37 and 38."""
    book = Market(instrument(static_corridor=1, reference_price=100))
    book.submit(phase(Phase.OPENING_AUCTION))
    book.submit(buy(5, at=110, name="b"))
    book.submit(sell(5, at=110, name="s", owner=MAKER))

    extended = book.submit(by_desk(phase(Phase.CONTINUOUS), "try"))
    forced = book.submit(by_desk(phase(Phase.CONTINUOUS, forced=True), "now"))

    assert told(extended) == ["opening_auction goes on: the price would be 110", "desk did change_phase: try"]
    assert told(forced) == [
        "b buys from s: 5 at 110",
        "auction: 5 at 110, surplus 0",
        "opening_auction to continuous",
        "desk did change_phase: now",
    ]
