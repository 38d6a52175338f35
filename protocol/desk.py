"""Messages about accounts, money, risk and the operator's desk; the market's own are in ``protocol.messages``.

In: nothing. Out: one frozen Struct for each. Requests of operators all say why: it is journalled with who
asked, and shows in the audit.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.fields import (
    AtField,
    Message,
    PrivateSeq,
    SideField,
    SymbolField,
    WireAccount,
    WireAsset,
    WireClientOrderId,
    WireCount,
    WireMoney,
    WirePrice,
    WireQuantity,
    WireQuoteSet,
    WireSecret,
    WireSequence,
    WireSymbol,
    WireText,
    WireTransaction,
)
from protocol.vocabulary import (
    MAX_WIRE_INTEGER,
    AccountId,
    Asset,
    Block,
    Limit,
    Money,
    Nanoseconds,
    Phase,
    Price,
    Quantity,
    QuoteSet,
    Role,
    Sequence,
    SessionId,
    Symbol,
    TradeId,
    TransactionId,
)

_Why = Annotated[WireText, Meta(description="Why, in a sentence: it is kept with who asked.")]
_AccountField = Annotated[AccountId, Meta(description="The account.")]
_AssetField = Annotated[Asset, Meta(description="The asset.")]
_Scope = Annotated[WireAccount | None, Meta(description="Whose; left out: everybody's.")]


# -- an account about itself -----------------------------------------------------------------------
class AccountStatus(Message, frozen=True, tag="account_status"):
    """Ask how the account stands. Answered by ``account_state``."""


class KillSwitch(Message, frozen=True, tag="kill_switch"):
    """Cancel everything the account has and refuse what follows, until this comes with ``on`` false.

    Answered by ``kill_switch_set``, each order's ``canceled`` before it.
    """

    on: Annotated[bool, Meta(description="Pull it, or lift it.")] = True


class DeadMan(Message, frozen=True, tag="dead_man"):
    """Cancel everything the account has unless this comes again in time. Answered by ``dead_man_armed``."""

    within_ms: Annotated[
        int, Meta(ge=0, le=86_400_000, description="In how many milliseconds; 0 disarms the switch.")
    ]


class SetProtection(Message, frozen=True, tag="set_protection"):
    """Pull the quotes of a set after so many trades in so short a time. Answered by ``protection_set``.

    When it has happened the set takes no quotes until this message comes again.
    """

    quote_set: Annotated[WireQuoteSet, Meta(description="The set, as in `mass_quote`.")]
    fills: Annotated[WireCount, Meta(description="How many trades pull the set; 0: no protection.")]
    within_ms: Annotated[int, Meta(ge=1, le=86_400_000, description="In how many milliseconds.")] = 1000


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Both sides of one instrument. A side that is left out, or has no quantity, is taken away."""

    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    bid: Annotated[WirePrice | None, Meta(description="Price to buy at.")] = None
    bid_quantity: Annotated[WireQuantity, Meta(description="Quantity to be open there.")] = 0
    ask: Annotated[WirePrice | None, Meta(description="Price to sell at.")] = None
    ask_quantity: Annotated[WireQuantity, Meta(description="Quantity to be open there.")] = 0


class MassQuote(Message, frozen=True, tag="mass_quote"):
    """Put the quotes of many instruments where they are to be, in one message. Answered by ``mass_quoted``.

    Each quote enters, replaces or cancels two orders, named after the set, the symbol and the side; what
    becomes of them is told as for any order, before the answer.
    """

    quote_set: Annotated[WireQuoteSet, Meta(description="Quotes that are protected and pulled together.")]
    quotes: Annotated[list[Quote], Meta(min_length=1, max_length=200, description="One an instrument.")]


# -- requests of operators -------------------------------------------------------------------------
class ListSessions(Message, frozen=True, tag="list_sessions"):
    """Operators only: who is connected. Answered by ``sessions``."""


class ListAccounts(Message, frozen=True, tag="list_accounts"):
    """Operators only: all accounts and what they have. Answered by ``accounts``."""


class Audit(Message, frozen=True, tag="audit"):
    """Operators only: what was done to the venue, by whom and why. Answered by ``audit_page``."""

    from_seq: Annotated[WireSequence, Meta(description="First entry wanted, counted from 1.")] = 1
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 1000


class CreateAccount(Message, frozen=True, tag="create_account"):
    """Operators only: open an account. Answered by ``admin_done`` or ``rejected``."""

    account: Annotated[WireAccount, Meta(description="Its name.")]
    why: _Why
    secret: Annotated[
        WireSecret | None, Meta(description="What its owner will log in with; the venue keeps a hash only.")
    ] = None
    role: Annotated[Role, Meta(description="What its sessions may do.")] = Role.TRADER
    copies: Annotated[
        list[WireAccount], Meta(max_length=1000, description="Whom a `drop_copy` may read; empty: everybody.")
    ] = []

    def __repr__(self) -> str:
        return f"CreateAccount(account={self.account!r}, role={self.role!r})"  # never the secret


class DisableAccount(Message, frozen=True, tag="disable_account"):
    """Operators only: cancel what the account has, end its sessions, let it in no more. Answered by ``admin_done``."""

    account: Annotated[WireAccount, Meta(description="Whose.")]
    why: _Why


class EnableAccount(Message, frozen=True, tag="enable_account"):
    """Operators only: undo ``disable_account``, a hard breach or a kill switch. Answered by ``admin_done``."""

    account: Annotated[WireAccount, Meta(description="Whose.")]
    why: _Why


class AdjustBalance(Message, frozen=True, tag="adjust_balance"):
    """Operators only: deposit, or withdraw if the amount is negative. Answered by ``admin_done`` or ``rejected``."""

    account: Annotated[WireAccount, Meta(description="Whose.")]
    asset: Annotated[WireAsset, Meta(description="Of what.")]
    amount: Annotated[WireMoney, Meta(description="In the asset's smallest units.")]
    transaction_id: Annotated[
        WireTransaction, Meta(description="Your name for the transaction: the same one is carried out once.")
    ]
    why: _Why


class LimitValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Bounds; what is left out is not bounded by this scope."""

    order_quantity: Annotated[WireCount | None, Meta(description="Quantity of one order.")] = None
    order_notional: Annotated[WireCount | None, Meta(description="Money of one order.")] = None
    open_orders: Annotated[WireCount | None, Meta(description="Orders open at once.")] = None
    open_quantity: Annotated[WireCount | None, Meta(description="Open quantity, both sides together.")] = None
    position: Annotated[WireCount | None, Meta(description="Position in the worst case, long or short.")] = (
        None
    )
    collar: Annotated[WireCount | None, Meta(description="Distance of a limit from the last price.")] = None
    daily_loss: Annotated[WireCount | None, Meta(description="Loss since the day began.")] = None
    message_rate: Annotated[WireCount | None, Meta(description="Requests a second.")] = None
    hard: Annotated[
        list[Limit], Meta(description="Limits whose breach cancels everything and disables the account.")
    ] = []


class SetLimits(Message, frozen=True, tag="set_limits"):
    """Operators only: replace the limits of a scope. Answered by ``admin_done`` or ``rejected``.

    The narrowest scope that bounds a thing decides: account and instrument, account, instrument, everybody.
    Open orders and daily losses have two counts, each with its own bound: in the instrument that a scope names, and
    over all instruments where it names none.
    Open orders and daily losses have two counts, each with its own bound: in the instrument that a scope names, and
    over all instruments where it names none.
    """

    limits: Annotated[LimitValues, Meta(description="All of them: what is left out is lifted.")]
    why: _Why
    account: _Scope = None
    symbol: Annotated[WireSymbol | None, Meta(description="In which instrument; left out: in each.")] = None


class SetFees(Message, frozen=True, tag="set_fees"):
    """Operators only: what trades of an instrument cost from now on. Answered by ``admin_done`` or ``rejected``."""

    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    maker_fee_ppm: Annotated[
        WireMoney, Meta(description="Of the resting side, parts per million; negative: a rebate.")
    ]
    taker_fee_ppm: Annotated[WireMoney, Meta(description="Of the arriving side.")]
    why: _Why
    maker_fee_per_unit: Annotated[WireMoney, Meta(description="Per unit of quantity, on top.")] = 0
    taker_fee_per_unit: Annotated[WireMoney, Meta(description="Per unit of quantity, on top.")] = 0


class ChangePhase(Message, frozen=True, tag="change_phase"):
    """Operators only: move an instrument to a phase. Answered by ``admin_done``, ``rejected`` or ``error``.

    Leaving a call phase for ``continuous`` or ``closed`` holds its auction first.
    """

    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    phase: Annotated[Phase, Meta(description="Where to.")]
    why: _Why
    reference_price: Annotated[
        WirePrice | None,
        Meta(description="For the auction, in place of the last price; left out: as the instrument stands."),
    ] = None
    forced: Annotated[
        bool, Meta(description="Hold the auction even if its price lies outside the static corridor.")
    ] = False


class SetLastPrice(Message, frozen=True, tag="set_last_price"):
    """Operators only: set the last price, as a trade would. Answered by ``admin_done``, ``rejected`` or ``error``.

    Triggers the stops that a trade at this price would trigger.
    """

    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    price: Annotated[WirePrice, Meta(description="The last price from now on.")]
    why: _Why


class CancelFor(Message, frozen=True, tag="cancel_for"):
    """Operators only: cancel somebody's order, or all of them. Answered by ``admin_done`` or ``rejected``."""

    account: Annotated[WireAccount, Meta(description="Whose.")]
    why: _Why
    client_order_id: Annotated[
        WireClientOrderId | None, Meta(description="Its owner's name for it; left out: everything it has.")
    ] = None


class BustTrade(Message, frozen=True, tag="bust_trade"):
    """Operators only: undo what a trade moved. Answered by ``admin_done``, ``rejected`` or ``error``.

    Positions, money and fees go back; the orders stay executed.
    """

    trade_id: Annotated[
        TradeId, Meta(ge=1, le=MAX_WIRE_INTEGER, description="As in both sides' `trade_report`.")
    ]
    account: Annotated[WireAccount, Meta(description="One of the two sides, to find the trade by.")]
    why: _Why


class AddInstrument(Message, frozen=True, tag="add_instrument"):
    """Operators only: list an instrument while the venue runs. Answered by ``admin_done`` or ``rejected``."""

    instrument: Annotated[
        msgspec.Raw,
        Meta(
            description="The keys of an `[[instruments]]` table of the venue file.",
            extra_json_schema={"type": "object"},
        ),
    ]
    why: _Why


class Broadcast(Message, frozen=True, tag="broadcast"):
    """Operators only: tell everybody who is connected something. Answered by ``admin_done``."""

    text: Annotated[WireText, Meta(description="What.")]
    why: _Why


AdminRequest = (
    ListSessions
    | ListAccounts
    | Audit
    | CreateAccount
    | DisableAccount
    | EnableAccount
    | AdjustBalance
    | SetLimits
    | SetFees
    | ChangePhase
    | SetLastPrice
    | CancelFor
    | BustTrade
    | AddInstrument
    | Broadcast
)
"""What the operator's role may ask for."""

AccountRequest = AccountStatus | KillSwitch | DeadMan | SetProtection | MassQuote
"""What an account asks about itself."""


# -- from the venue: answers -----------------------------------------------------------------------
class Balance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What an account has of an asset, in its smallest units."""

    asset: _AssetField
    free: Annotated[Money, Meta(description="Free to be held, spent or withdrawn.")]
    held: Annotated[Money, Meta(description="Held for open orders and margins.")] = 0


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What an account has in an instrument."""

    symbol: SymbolField
    quantity: Annotated[int, Meta(description="Bought less sold; negative when short.")]
    cost: Annotated[Money, Meta(description="What the open position cost; of a short one negative.")] = 0
    average_price: Annotated[
        Price | None, Meta(description="Cost by quantity, rounded toward zero; left out when flat.")
    ] = None
    realised: Annotated[Money, Meta(description="Profit of what was closed, before fees.")] = 0
    unrealised: Annotated[Money, Meta(description="Profit of what is open, at the last price.")] = 0
    fees: Annotated[Money, Meta(description="Fees paid, less rebates.")] = 0
    open_orders: Annotated[int, Meta(description="Orders that are open.")] = 0
    open_buys: Annotated[Quantity, Meta(description="Open quantity to buy.")] = 0
    open_sells: Annotated[Quantity, Meta(description="Open quantity to sell.")] = 0


class AccountState(Message, frozen=True, tag="account_state"):
    """Answer to ``account_status``."""

    account: _AccountField
    role: Annotated[Role, Meta(description="What the account may do.")]
    balances: Annotated[list[Balance], Meta(description="By asset.")] = []
    holdings: Annotated[list[Holding], Meta(description="By instrument.")] = []
    blocked: Annotated[Block | None, Meta(description="Why it may enter no orders; left out if it may.")] = (
        None
    )
    dead_man_ns: Annotated[
        Nanoseconds | None, Meta(description="When the dead-man switch fires; left out if it is not armed.")
    ] = None


class SessionInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One connection."""

    session: Annotated[SessionId, Meta(description="Its number.")]
    account: _AccountField
    role: Annotated[Role, Meta(description="What it may do.")]
    source: Annotated[str, Meta(description="Where it comes from.")] = ""
    cancel_on_disconnect: Annotated[bool, Meta(description="As asked for at login.")] = False


class Sessions(Message, frozen=True, tag="sessions"):
    """Answer to ``list_sessions``."""

    sessions: Annotated[list[SessionInfo], Meta(description="Who is logged in, oldest first.")]


class Accounts(Message, frozen=True, tag="accounts"):
    """Answer to ``list_accounts``."""

    accounts: Annotated[list[AccountState], Meta(description="By name.")]


class AuditEntry(Message, frozen=True, tag="audit_entry"):
    """Something that was done to the venue; its private stream consists of these."""

    seq: Annotated[Sequence, Meta(description="Place in the venue's own stream: from 1, without a gap.")]
    at_ns: AtField
    action: Annotated[str, Meta(description="What.")]
    by: Annotated[
        AccountId | None,
        Meta(description="Which operator; left out: the venue itself, by schedule or limit."),
    ] = None
    why: Annotated[str, Meta(description="As the operator said.")] = ""
    account: Annotated[AccountId | None, Meta(description="Whom it concerns.")] = None
    symbol: Annotated[Symbol | None, Meta(description="Which instrument it concerns.")] = None
    text: Annotated[str, Meta(description="The rest of it, in words and numbers.")] = ""


class AuditPage(Message, frozen=True, tag="audit_page"):
    """Answer to ``audit``."""

    entries: Annotated[list[AuditEntry], Meta(description="Oldest first.")]
    last_seq: Annotated[Sequence, Meta(description="Number of the last entry there is.")]


class MassQuoted(Message, frozen=True, tag="mass_quoted"):
    """Answer to ``mass_quote``: every quote has been dealt with. Not part of the private stream."""

    quote_set: Annotated[QuoteSet, Meta(description="As in the request.")]
    accepted: Annotated[int, Meta(description="Orders entered, replaced, canceled, or left as they were.")]
    rejected: Annotated[int, Meta(description="Orders refused; each has its `rejected`.")]


class Notice(Message, frozen=True, tag="notice"):
    """An operator tells everybody something."""

    at_ns: AtField
    text: Annotated[str, Meta(description="For people.")]


# -- from the venue: parts of private streams --------------------------------------------------------
class AdminDone(Message, frozen=True, tag="admin_done"):
    """An operator's request is carried out."""

    seq: PrivateSeq
    at_ns: AtField
    action: Annotated[str, Meta(description="Type of the command that was carried out.")]
    account: Annotated[AccountId | None, Meta(description="Whom it concerns.")] = None
    symbol: Annotated[Symbol | None, Meta(description="Which instrument it concerns.")] = None
    text: Annotated[str, Meta(description="What came of it, in words and numbers.")] = ""
    line: Annotated[
        int | None, Meta(description="The line of this connection that asked, counted from 1.")
    ] = None


class BalanceAdjusted(Message, frozen=True, tag="balance_adjusted"):
    """A deposit, or a withdrawal if the amount is negative."""

    seq: PrivateSeq
    at_ns: AtField
    asset: _AssetField
    amount: Annotated[Money, Meta(description="In the asset's smallest units.")]
    transaction_id: Annotated[TransactionId, Meta(description="Names the transaction.")]
    free: Annotated[Money, Meta(description="What is free of the asset now.")]


class TradeBusted(Message, frozen=True, tag="trade_busted"):
    """An operator undid a trade of the account: position, money and fee went back. The order stays executed."""

    seq: PrivateSeq
    at_ns: AtField
    trade_id: Annotated[TradeId, Meta(description="As in its `trade_report`.")]
    symbol: SymbolField
    side: SideField
    price: Annotated[Price, Meta(description="As it was.")]
    quantity: Annotated[Quantity, Meta(description="As it was.")]
    fee: Annotated[Money, Meta(description="As it was: given back.")]


class KillSwitchSet(Message, frozen=True, tag="kill_switch_set"):
    """The kill switch is pulled, or lifted."""

    seq: PrivateSeq
    at_ns: AtField
    on: Annotated[bool, Meta(description="Whether orders are refused.")]


class AccountBlocked(Message, frozen=True, tag="account_blocked"):
    """The account may enter no orders; what it had is canceled."""

    seq: PrivateSeq
    at_ns: AtField
    block: Annotated[Block, Meta(description="Why.")]
    text: Annotated[str, Meta(description="For people.")]


class AccountUnblocked(Message, frozen=True, tag="account_unblocked"):
    """The account may enter orders again."""

    seq: PrivateSeq
    at_ns: AtField


class DeadManArmed(Message, frozen=True, tag="dead_man_armed"):
    """The dead-man switch is armed, or disarmed."""

    seq: PrivateSeq
    at_ns: AtField
    deadline_ns: Annotated[
        Nanoseconds | None, Meta(description="When it fires unless renewed; left out: never.")
    ] = None


class DeadManFired(Message, frozen=True, tag="dead_man_fired"):
    """The dead-man switch was not renewed in time; each order's ``canceled`` came before."""

    seq: PrivateSeq
    at_ns: AtField
    count: Annotated[int, Meta(description="How many orders were canceled.")]


class ProtectionSet(Message, frozen=True, tag="protection_set"):
    """The protection of a quote set holds from now on, and its count starts anew."""

    seq: PrivateSeq
    at_ns: AtField
    quote_set: Annotated[QuoteSet, Meta(description="The set.")]
    fills: Annotated[int, Meta(description="How many trades pull it; 0: no protection.")]
    within_ns: Annotated[Nanoseconds, Meta(description="In how many nanoseconds.")]


class QuotesPulled(Message, frozen=True, tag="quotes_pulled"):
    """Protection pulled a quote set; each order's ``canceled`` came before."""

    seq: PrivateSeq
    at_ns: AtField
    quote_set: Annotated[QuoteSet, Meta(description="The set: it takes no quotes until `set_protection`.")]
    count: Annotated[int, Meta(description="How many orders were canceled.")]


DeskReport = (
    AdminDone
    | BalanceAdjusted
    | TradeBusted
    | KillSwitchSet
    | AccountBlocked
    | AccountUnblocked
    | DeadManArmed
    | DeadManFired
    | ProtectionSet
    | QuotesPulled
)
"""What private streams tell beside orders and trades."""

DeskAnswer = AccountState | Sessions | Accounts | AuditPage | MassQuoted | Notice
"""What is said beside all streams."""
