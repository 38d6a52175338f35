"""Examples of the messages about accounts, risk and the operator's desk.

In: nothing. Out: ``DESK_EXAMPLES``, the part of ``samples.EXAMPLES`` that shows what ``protocol.desk`` declares.
"""

from typing import Final

import msgspec

from protocol.desk import (
    AccountBlocked,
    Accounts,
    AccountState,
    AccountStatus,
    AccountUnblocked,
    AddInstrument,
    AdjustBalance,
    AdminDone,
    Audit,
    AuditEntry,
    AuditPage,
    Balance,
    BalanceAdjusted,
    Broadcast,
    BustTrade,
    CancelFor,
    ChangePhase,
    CreateAccount,
    DeadMan,
    DeadManArmed,
    DeadManFired,
    DisableAccount,
    EnableAccount,
    Holding,
    KillSwitch,
    KillSwitchSet,
    LimitValues,
    ListAccounts,
    ListSessions,
    MassQuote,
    MassQuoted,
    Notice,
    ProtectionSet,
    Quote,
    QuotesPulled,
    SessionInfo,
    Sessions,
    SetFees,
    SetLastPrice,
    SetLimits,
    SetProtection,
    TradeBusted,
)
from protocol.fields import Message
from protocol.vocabulary import (
    AccountId,
    Asset,
    Block,
    ClientOrderId,
    Limit,
    Phase,
    QuoteSet,
    Role,
    Side,
    Symbol,
    TransactionId,
)

_ACME = Symbol("ACME")
_BOLT = Symbol("BOLT")
_ANNA = AccountId("anna")
_OLGA = AccountId("olga")
_USD = Asset("USD")
_FRONT = QuoteSet("front")
_WIRE = TransactionId("wire-2026-0042")
_NOON = 1_767_268_800_000_000_000
_SECOND = 1_000_000_000
_HERS = "correct horse battery staple"
_THEIRS = "another long sentence"

_STATE = AccountState(
    account=_ANNA,
    role=Role.TRADER,
    balances=[Balance(Asset("ACME"), 80, 20), Balance(_USD, 498_975, 501_025)],
    holdings=[
        Holding(
            symbol=_ACME,
            quantity=100,
            cost=1_002_500,
            average_price=10_025,
            realised=1_200,
            unrealised=-500,
            fees=-30,
            open_orders=2,
            open_buys=50,
            open_sells=20,
        )
    ],
    dead_man_ns=_NOON + 30 * _SECOND,
)

_AUDITED = AuditEntry(
    seq=7,
    at_ns=_NOON,
    action="adjust_balance",
    by=_OLGA,
    why="wire of 1 January",
    account=_ANNA,
    text="1000000 USD, transaction wire-2026-0042",
)

DESK_EXAMPLES: Final[tuple[Message, ...]] = (
    # -- an account about itself
    AccountStatus(),
    KillSwitch(),
    KillSwitch(on=False),
    DeadMan(within_ms=30_000),
    DeadMan(within_ms=0),
    SetProtection(quote_set=_FRONT, fills=5, within_ms=500),
    MassQuote(
        quote_set=_FRONT,
        quotes=[
            Quote(_ACME, bid=10_020, bid_quantity=50, ask=10_030, ask_quantity=50),
            Quote(_BOLT, ask=5_010, ask_quantity=20),
        ],
    ),
    # -- requests of operators
    ListSessions(),
    ListAccounts(),
    Audit(from_seq=7, limit=100),
    CreateAccount(account=_ANNA, why="opened by mail of 30 December", secret=_HERS),
    CreateAccount(
        account=AccountId("clearing"),
        why="copies for the clearing house",
        secret=_THEIRS,
        role=Role.DROP_COPY,
        copies=[_ANNA],
    ),
    DisableAccount(account=_ANNA, why="lost her secret"),
    EnableAccount(account=_ANNA, why="has a new one"),
    AdjustBalance(account=_ANNA, asset=_USD, amount=1_000_000, transaction_id=_WIRE, why="wire of 1 January"),
    SetLimits(
        limits=LimitValues(order_quantity=500, position=2_000, hard=[Limit.POSITION]),
        why="agreed with the desk",
        account=_ANNA,
        symbol=_ACME,
    ),
    SetFees(symbol=_ACME, maker_fee_ppm=-100, taker_fee_ppm=300, why="fee schedule of January"),
    ChangePhase(symbol=_ACME, phase=Phase.CLOSING_AUCTION, why="early close"),
    SetLastPrice(symbol=_ACME, price=10_020, why="close of the home market"),
    CancelFor(account=_ANNA, why="asked by telephone", client_order_id=ClientOrderId("anna-7")),
    CancelFor(account=_ANNA, why="asked by telephone"),
    BustTrade(trade_id=305, account=_ANNA, why="clearly erroneous, both sides agree"),
    AddInstrument(instrument=msgspec.Raw(b'{"symbol":"DUNE","tick":5,"lot":10}'), why="listed today"),
    Broadcast(text="The venue closes at 15:00 today.", why="early close"),
    # -- answers
    _STATE,
    AccountState(account=_OLGA, role=Role.OPERATOR, blocked=Block.OPERATOR),
    Sessions(
        sessions=[
            SessionInfo(3, _ANNA, Role.TRADER, "192.0.2.7:51234", True),
            SessionInfo(8, _OLGA, Role.OPERATOR, "192.0.2.9:40022"),
        ]
    ),
    Accounts(accounts=[_STATE]),
    _AUDITED,
    AuditPage(entries=[_AUDITED], last_seq=7),
    MassQuoted(quote_set=_FRONT, accepted=3, rejected=1),
    Notice(at_ns=_NOON, text="The venue closes at 15:00 today."),
    # -- parts of private streams
    AdminDone(
        seq=56,
        at_ns=_NOON,
        action="adjust_balance",
        account=_ANNA,
        text="1000000 USD, transaction wire-2026-0042",
        line=4,
    ),
    BalanceAdjusted(seq=57, at_ns=_NOON, asset=_USD, amount=1_000_000, transaction_id=_WIRE, free=1_498_975),
    TradeBusted(
        seq=58,
        at_ns=_NOON,
        trade_id=305,
        symbol=_ACME,
        side=Side.BUY,
        price=10_025,
        quantity=15,
        fee=-30,
    ),
    KillSwitchSet(seq=59, at_ns=_NOON, on=True),
    AccountBlocked(
        seq=60,
        at_ns=_NOON,
        block=Block.HARD_BREACH,
        text="the position would be 2020, the limit is 2000",
    ),
    AccountUnblocked(seq=61, at_ns=_NOON),
    DeadManArmed(seq=62, at_ns=_NOON, deadline_ns=_NOON + 30 * _SECOND),
    DeadManArmed(seq=63, at_ns=_NOON),
    DeadManFired(seq=64, at_ns=_NOON, count=2),
    ProtectionSet(seq=65, at_ns=_NOON, quote_set=_FRONT, fills=5, within_ns=_SECOND // 2),
    QuotesPulled(seq=66, at_ns=_NOON, quote_set=_FRONT, count=3),
)
