"""A market inside the program: the real engine, its reports and its public streams, without a connection.

In: requests of members, as they stand on the wire. Out: messages as they stand on the wire, in each member's
``mail``. All of it happens within the call ``send``: nobody waits for anybody yet, which is what the later steps
are about.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from exchange.engine.commands import AddInstrument, ChangePhase, Command
from exchange.engine.engine import Engine
from exchange.engine.sequencer import Sequencer, Turn
from exchange.intake import order_entry
from exchange.market_data.hub import MarketData
from exchange.market_data.keys import stream_key
from exchange.peers import Touched
from exchange.reports import Reports
from protocol.clock import ManualClock
from protocol.codec import encode
from protocol.fields import Message
from protocol.messages import (
    Accepted,
    Cancel,
    Canceled,
    MassCancel,
    NewOrder,
    Reduce,
    Rejected,
    Replace,
    Replaced,
    ServerMessage,
    TradeReport,
    Triggered,
)
from protocol.vocabulary import (
    AccountId,
    Channel,
    ClientOrderId,
    Nanoseconds,
    Phase,
    Price,
    Quantity,
    Side,
    Symbol,
)

OrderReport: TypeAlias = Accepted | Rejected | TradeReport | Canceled | Replaced | Triggered
"""What is told about one order; ``client_order_id`` says which."""

Request: TypeAlias = NewOrder | Cancel | Replace | Reduce | MassCancel

ACME: Final = Symbol("ACME")
BOLT: Final = Symbol("BOLT")
OPENING_NS: Final[Nanoseconds] = 1_795_167_000 * 1_000_000_000
"""Friday, 2026-11-20, 09:30:00 UTC."""

_decode: Final = msgspec.json.Decoder(ServerMessage).decode


def listing(symbol: Symbol) -> AddInstrument:
    """A plain instrument: prices in cents, ticks and lots of one."""
    return AddInstrument(
        symbol=symbol,
        tick=1,
        lot=1,
        minimum_quantity=1,
        maximum_quantity=100_000,
        maximum_price=1_000_000,
        price_decimals=2,
        maker_fee_ppm=0,
        taker_fee_ppm=0,
        market_remainder_rests=False,
    )


class Mail:
    """What one member is told, oldest first. For the market it is a reader of a private stream, and its own outbox."""

    touched = True  # nobody has to look after it when something is put in

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()

    @property
    def outbox(self) -> "Mail":
        return self

    def append(self, message: Message, /) -> None:
        """Put in what would come out of the member's socket: the message, encoded and decoded."""
        self._messages.append(_decode(encode(message)))

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """Takes the messages out, one by one, those that come meanwhile included."""
        while self._messages:
            yield self._messages.popleft()


class Market:
    """One venue for programs of one thread; its clock stands still until somebody moves it."""

    def __init__(self, *symbols: Symbol) -> None:
        """``symbols``: what is listed, and traded at once; left out: ``ACME``."""
        self.clock = ManualClock(OPENING_NS)
        touched: Touched = []
        self._sequencer = Sequencer(Engine(), self.clock.now_ns)
        self._reports = Reports(touched)
        self._streams = MarketData(self._sequencer.engine.books.get, touched)
        self._make = order_entry(lambda deadline_ns: None)  # steps enter no order that expires
        for symbol in symbols or (ACME,):
            self._carry_out(listing(symbol))

    def member(self, name: str) -> "Member":
        """Let somebody in; one member for each name."""
        mail = Mail()
        self._reports.stream(AccountId(name)).readers.append(mail)
        return Member(self, AccountId(name), mail)

    def send(self, account: AccountId, request: Request) -> None:
        """Carry a request out; whoever is concerned has his messages when this returns."""
        self._carry_out(self._make[type(request)](account, request))

    def watch(self, mail: Mail, channel: Channel, symbol: Symbol) -> None:
        """Put a public stream into somebody's mail, beginning with how things stand."""
        self._streams.listen(stream_key(channel, symbol), mail.append)

    def take_turn(self) -> Turn | None:
        """The commands since the last time, for a journal."""
        return self._sequencer.take_turn()

    def halt(self, symbol: Symbol) -> None:
        """Nothing trades until ``go_on``."""
        self._carry_out(ChangePhase(symbol, Phase.HALT))

    def go_on(self, symbol: Symbol) -> None:
        """Continuous trading, as after listing."""
        self._carry_out(ChangePhase(symbol, Phase.CONTINUOUS))

    def _carry_out(self, command: Command) -> None:
        events = self._sequencer.submit(command)
        self._reports.deliver(command.at_ns, events)  # private first: rule 47
        self._streams.publish(command.at_ns, events)
        self._streams.flush()


class Member:
    """Somebody who trades: an account, and the mail of it."""

    def __init__(self, market: Market, account: AccountId, mail: Mail) -> None:
        self.market = market
        self.account = account
        self.mail = mail

    def send(self, request: Request) -> None:
        """Ask the market for something."""
        self.market.send(self.account, request)

    def buy(self, name: str, quantity: Quantity, at: Price) -> None:
        """Enter a limit order in ``ACME`` under this name."""
        self.send(NewOrder(ClientOrderId(name), ACME, Side.BUY, quantity, at))

    def sell(self, name: str, quantity: Quantity, at: Price) -> None:
        """The same on the other side."""
        self.send(NewOrder(ClientOrderId(name), ACME, Side.SELL, quantity, at))

    def cancel(self, name: str) -> None:
        """Cancel the order of this name."""
        self.send(Cancel(ClientOrderId(name)))

    def watch(self, channel: Channel, symbol: Symbol = ACME) -> None:
        """Have a public stream in the mail as well."""
        self.market.watch(self.mail, channel, symbol)

    def read(self) -> list[Message]:
        """All mail since the last time."""
        return list(self.mail)

    def next_report(self) -> OrderReport:
        """The oldest message in the mail, which is an execution report: there is mail, and nothing is watched."""
        report = next(iter(self.mail))
        assert isinstance(report, OrderReport)
        return report

    def reports(self) -> list[OrderReport]:
        """The execution reports among all mail since the last time; the rest of it is thrown away."""
        return [message for message in self.mail if isinstance(message, OrderReport)]
