"""What owners are told suffices: orders rebuilt from the private stream stand as the venue has them."""

import random

import pytest

from exchange.venue import Venue
from protocol.fields import Message
from protocol.messages import NewOrder, PrivateMessage, TradeReport, Welcome
from protocol.vocabulary import ClientOrderId, OrderState
from tests.support.in_memory import OPERATORS, Trader, open_venue, who_may
from tests.support.wire_requests import ACME, SETTINGS, random_request
from traders.order_view import OrderPhase, OrderView
from traders.portfolio import Portfolio

_PHASES = {
    OrderState.PENDING: OrderPhase.PENDING,
    OrderState.LIVE: OrderPhase.LIVE,
    OrderState.FILLED: OrderPhase.FILLED,
    OrderState.CANCELED: OrderPhase.CANCELED,
}


class Owner(Trader):
    """A trader who keeps a view of each order and a portfolio."""

    def __init__(self, venue: Venue, account: str) -> None:
        super().__init__(venue, account)
        self.views: dict[ClientOrderId, OrderView] = {}
        self.portfolio = Portfolio()

    def enter(self, message: Message) -> None:
        if isinstance(message, NewOrder):
            self.views[message.client_order_id] = OrderView.of(message)
        self.send(message)

    def follow(self) -> None:
        for message in self.read():
            if isinstance(message, TradeReport):
                self.portfolio.apply(message)
            view = self.views.get(getattr(message, "client_order_id", ClientOrderId("")))
            if view is not None and isinstance(message, PrivateMessage):
                view.apply(message)


@pytest.mark.parametrize("settings", SETTINGS)
def test_views_and_positions_of_owners_agree_with_the_venue(settings: dict[str, object]) -> None:
    for seed in range(15):
        rng = random.Random(seed)
        venue = open_venue(**settings)
        owners = [Owner(venue, account) for account in ("anna", "ben", "carl", "dora")]
        operator = Owner(venue, OPERATORS[0])

        for number in range(400):
            request = random_request(rng, number)
            sender = who_may(request, rng, owners, operator)
            assert isinstance(sender, Owner)
            sender.enter(request)

        for owner in owners:
            owner.follow()
            assert_agreement(owner, venue)


def assert_agreement(owner: Owner, venue: Venue) -> None:
    account = owner.peer.account
    assert account is not None
    standing = venue.engine.accounts.by_name.get(account)
    for name, view in owner.views.items():
        if view.phase is OrderPhase.REJECTED:
            continue
        assert standing is not None
        order = standing.orders[name]
        waits_for_the_close = (
            order.state is OrderState.PENDING and order.special and not order.special.stop_price
        )
        phase = OrderPhase.LIVE if waits_for_the_close and not view.is_pending else _PHASES[order.state]
        seen = (view.phase, view.quantity, view.cumulative, view.leaves)
        assert seen == (phase, order.quantity, order.cumulative, order.leaves), (name, order)
        assert view.is_done or view.price == order.price, (name, order)
        assert view.prevented == (order.special.prevented if order.special else 0)
    position = standing.positions.get(ACME, 0) if standing else 0
    assert owner.portfolio.position(ACME) == position
    welcome = Trader(venue, account).welcome
    assert isinstance(welcome, Welcome)
    live = {one.client_order_id: (one.state, one.leaves) for one in welcome.open_orders}
    assert set(live) == {name for name, view in owner.views.items() if not view.is_done}
