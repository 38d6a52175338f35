"""The operator's desk from asyncio: one coroutine for each request of ``protocol.desk``.

    async with Operator.connect("127.0.0.1", 7001, account="olga", secret=secret) as operator:
        done = await operator.adjust_balance(
            "anna", "USD", 1_000_000, transaction_id="wire-42", why="wire of 1 January"
        )

In: calls; those that change something say why. Out: answers. As with orders, a refusal is an answer: ``Rejected``
instead of ``AdminDone``. Promises of the session are those of ``traders.client``, on which this stands.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec

from protocol import desk
from protocol.desk import Accounts, AdminDone, AuditEntry, AuditPage, LimitValues, Sessions
from protocol.fields import Message
from protocol.messages import Rejected
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    Phase,
    Request,
    Role,
    Symbol,
    TransactionId,
)
from traders.access import Tls
from traders.client import Client
from traders.requests import ACCOUNTS, AUDIT, SESSIONS

Done = AdminDone | Rejected
"""How a request that changes something is answered."""

AUDIT_PAGE = 1000
"""Entries of the audit that are asked for at once: as many as the protocol allows."""


class Operator:
    """A client with the operator's role, and what the role may ask for.

    Every coroutine raises ``RemoteProtocolError`` if the venue did not take the request: the account is no
    operator (``ErrorCode.NOT_AN_OPERATOR``), or a field is out of bounds; and ``SessionBroken`` or
    ``SessionClosed`` if the session ended before the answer.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, host: str, port: int, *, account: str, secret: str | None = None, tls: Tls = None
    ) -> "AsyncIterator[Operator]":
        """Log in; log out, in order, at the end of the block. Raises what ``Client.connect`` raises."""
        async with Client.connect(host, port, account=account, secret=secret, tls=tls) as client:
            yield cls(client)

    # -- questions ---------------------------------------------------------------------------------
    async def sessions(self) -> Sessions:
        """Who is connected, oldest session first."""
        return cast("Sessions", await self.client.ask(SESSIONS, desk.ListSessions()))

    async def accounts(self) -> Accounts:
        """All accounts and what they have, by name."""
        return cast("Accounts", await self.client.ask(ACCOUNTS, desk.ListAccounts()))

    async def audit(self, from_seq: int = 1, limit: int = AUDIT_PAGE) -> AuditPage:
        """What was done to the venue, oldest first, at most 1,000 entries at once."""
        return cast("AuditPage", await self.client.ask(AUDIT, desk.Audit(from_seq, limit)))

    async def whole_audit(self, from_seq: int = 1) -> list[AuditEntry]:
        """All of it, page by page."""
        entries: list[AuditEntry] = []
        while True:
            page = await self.audit(from_seq)
            entries += page.entries
            if not page.entries or page.entries[-1].seq >= page.last_seq:
                return entries
            from_seq = page.entries[-1].seq + 1

    # -- accounts ----------------------------------------------------------------------------------
    async def create_account(
        self,
        account: str,
        *,
        why: str,
        secret: str | None = None,
        role: Role = Role.TRADER,
        copies: Iterable[str] = (),
    ) -> Done:
        """Open an account; ``copies``: whom a ``drop_copy`` may read, by default everybody."""
        names = [AccountId(name) for name in copies]
        return await self._order(desk.CreateAccount(AccountId(account), why, secret, role, names))

    async def disable_account(self, account: str, *, why: str) -> Done:
        """Cancel what the account has, end its sessions, let it in no more."""
        return await self._order(desk.DisableAccount(AccountId(account), why))

    async def enable_account(self, account: str, *, why: str) -> Done:
        """Undo ``disable_account``, a hard breach or a kill switch."""
        return await self._order(desk.EnableAccount(AccountId(account), why))

    async def adjust_balance(
        self, account: str, asset: str, amount: int, *, transaction_id: str, why: str
    ) -> Done:
        """Deposit smallest units of the asset, or withdraw if negative; one ``transaction_id`` counts once."""
        request = desk.AdjustBalance(
            AccountId(account), Asset(asset), amount, TransactionId(transaction_id), why
        )
        return await self._order(request)

    async def set_limits(
        self, limits: LimitValues, *, why: str, account: str | None = None, symbol: str | None = None
    ) -> Done:
        """Replace all limits of a scope; without ``account`` everybody's, without ``symbol`` in each instrument."""
        whose = None if account is None else AccountId(account)
        request = desk.SetLimits(limits, why, whose, None if symbol is None else Symbol(symbol))
        return await self._order(request)

    async def cancel(self, account: str, *, why: str, client_order_id: str | None = None) -> Done:
        """Cancel an order of somebody, or all of them."""
        name = None if client_order_id is None else ClientOrderId(client_order_id)
        return await self._order(desk.CancelFor(AccountId(account), why, name))

    # -- the market --------------------------------------------------------------------------------
    async def set_fees(
        self,
        symbol: str,
        *,
        maker_ppm: int,
        taker_ppm: int,
        why: str,
        maker_per_unit: int = 0,
        taker_per_unit: int = 0,
    ) -> Done:
        """What trades of an instrument cost from now on: parts per million, and smallest units a unit."""
        request = desk.SetFees(Symbol(symbol), maker_ppm, taker_ppm, why, maker_per_unit, taker_per_unit)
        return await self._order(request)

    async def change_phase(
        self,
        symbol: str,
        phase: Phase,
        *,
        why: str,
        reference_price: int | None = None,
        forced: bool = False,
    ) -> Done:
        """Move an instrument to a phase; leaving a call for trading or for the close holds its auction.

        ``forced``: hold it even if its price is outside the static corridor.
        """
        return await self._order(desk.ChangePhase(Symbol(symbol), phase, why, reference_price, forced))

    async def set_last_price(self, symbol: str, price: int, *, why: str) -> Done:
        """Set the last price, as a trade would."""
        return await self._order(desk.SetLastPrice(Symbol(symbol), price, why))

    async def bust_trade(self, trade_id: int, account: str, *, why: str) -> Done:
        """Undo what a trade moved; ``account`` is one of its two sides."""
        return await self._order(desk.BustTrade(trade_id, AccountId(account), why))

    async def add_instrument(self, instrument: Mapping[str, Any], *, why: str) -> Done:
        """List an instrument; its keys are those of an ``[[instruments]]`` table of the venue file."""
        return await self._order(desk.AddInstrument(msgspec.Raw(msgspec.json.encode(instrument)), why))

    async def broadcast(self, text: str, *, why: str) -> Done:
        """Tell everybody who is connected something."""
        return await self._order(desk.Broadcast(text, why))

    # -- inside ------------------------------------------------------------------------------------
    async def _order(self, request: Message) -> Done:
        return cast("Done", await self.client.ask(Request.ADMIN, request))
