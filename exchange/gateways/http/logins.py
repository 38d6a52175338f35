"""Who asks: HTTP Basic authentication through the venue's one door.

In: a request with an account and its secret. Out: the account and its role, or a refusal. Secrets are checked where
logins of all gateways are, in the same thread, under the same throttle. A pair that was right is remembered, so that
not every request costs a hash: as a keyed hash of it, under a key that only this process has, until the account's
secret is another one or the account is disabled; the pair that was not used for longest is forgotten first.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from typing import Final, NamedTuple

from aiohttp import hdrs

from exchange.access import Access, Refusal
from exchange.engine.accounts import Account
from exchange.engine.engine import Engine
from exchange.gateways.http.answers import Refused
from exchange.metrics import Metric
from exchange.roles import refusal_of_kind
from protocol.fields import Message
from protocol.vocabulary import AccountId, Block, ErrorCode, Role

MAX_REMEMBERED: Final = 1_000
"""Pairs of account and secret."""

LONGEST_ACCOUNT: Final = 32
LONGEST_SECRET: Final = 256

_CHALLENGE: Final[dict[str, str]] = {hdrs.WWW_AUTHENTICATE: 'Basic realm="tontine", charset="UTF-8"'}


class Caller(NamedTuple):
    """Who asks."""

    account: AccountId
    role: Role


class Logins:
    """The door for requests."""

    def __init__(self, engine: Engine, access: Access) -> None:
        self._engine = engine
        self._access = access
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, str] = OrderedDict()  # pair -> the secret hash it was checked against
        self._asked: dict[bytes, asyncio.Future[Refusal | None]] = {}

    async def caller(self, authorization: str | None, source: str) -> Caller:
        """Who sent a request with this ``Authorization`` from there.

        Raises:
            Refused: nobody said who, the secret is wrong, too many were, or the account is disabled.
        """
        name, secret = _credentials(authorization)
        pair = hashlib.blake2b(f"{name}\0{secret}".encode(), key=self._key).digest()
        await self._check(pair, source, name, secret)
        account = self._account(name)
        if account is not None and account.blocked is Block.OPERATOR:
            self._right.pop(pair, None)
            raise Refused(ErrorCode.ACCOUNT_DISABLED, f"an operator disabled {name}")
        return Caller(name, Role.TRADER if account is None else account.role)

    def remembered(self) -> int:
        """How many pairs are."""
        return len(self._right)

    async def _check(self, pair: bytes, source: str, name: AccountId, secret: str) -> None:
        account = self._account(name)
        secret_hash = None if account is None else account.secret_hash
        known = self._right.get(pair)
        if known is not None and known == secret_hash:
            self._right.move_to_end(pair)
            return
        self._right.pop(pair, None)
        refusal = await self._ask(pair, source, name, secret, secret_hash)
        if refusal is None and not self._access.open:
            account = self._account(name)
            if account is None or account.secret_hash is None or account.secret_hash != secret_hash:
                refusal = Refusal(ErrorCode.LOGIN_FAILED, "account and secret do not belong together")
        if refusal is not None:
            headers: dict[str, str] = (
                _CHALLENGE if refusal.code is ErrorCode.LOGIN_FAILED else {hdrs.RETRY_AFTER: "1"}
            )
            raise Refused(refusal.code, refusal.text, "header.Authorization", headers=headers)
        if secret_hash is not None:
            self._right[pair] = secret_hash
            if len(self._right) > MAX_REMEMBERED:
                self._right.popitem(last=False)

    async def _ask(
        self, pair: bytes, source: str, name: AccountId, secret: str, secret_hash: str | None
    ) -> Refusal | None:
        """One check for all who ask the same at the same time."""
        asked = self._asked.get(pair)
        if asked is None:
            asked = asyncio.get_running_loop().create_future()
            self._asked[pair] = asked
            answer = asked

            def decided(refusal: Refusal | None) -> None:
                self._asked.pop(pair, None)
                answer.set_result(refusal)
                if refusal is None and not self._access.open:
                    self._access.metrics.add(Metric.LOGINS)

            self._access.ask(source, name, secret_hash, secret, decided)
        # Whoever hangs up must not take the answer with him for which others wait.
        return await asyncio.shield(asked)

    def _account(self, name: AccountId) -> Account | None:
        return self._engine.accounts.by_name.get(name)


def check_role(caller: Caller, asks: type[Message]) -> None:
    """Whether a request that means this message is allowed to the caller.

    Raises:
        Refused: it is not.
    """
    refusal = refusal_of_kind(caller.role, asks)
    if refusal is not None:
        code, text = refusal
        raise Refused(code, f"{caller.account} {text}")


def _credentials(header: str | None) -> tuple[AccountId, str]:
    if header is None:
        text = "say who you are: HTTP Basic authentication, account and secret"
        raise Refused(ErrorCode.NOT_LOGGED_IN, text, "header.Authorization", headers=_CHALLENGE)
    scheme, _, encoded = header.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        pair = ""
    name, colon, secret = pair.partition(":")
    if (
        scheme.lower() != "basic"
        or not colon
        or not 0 < len(name) <= LONGEST_ACCOUNT
        or len(secret) > LONGEST_SECRET
    ):
        text = (
            f"no HTTP Basic authentication: an account of up to {LONGEST_ACCOUNT} characters and its secret"
        )
        raise Refused(ErrorCode.LOGIN_FAILED, text, "header.Authorization", headers=_CHALLENGE)
    return AccountId(name), secret
