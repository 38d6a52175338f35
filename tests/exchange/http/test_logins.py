"""Who may ask what over HTTP: the same door as on TCP, with the same throttle and roles."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from exchange.access import Access, Bounds
from exchange.engine.commands import BlockAccount, SetAccount
from exchange.gateways.http.answers import Refused
from exchange.gateways.http.logins import MAX_REMEMBERED, Caller, Logins
from exchange.metrics import Metric
from protocol.clock import ManualClock
from protocol.vocabulary import AccountId, ErrorCode, Role
from tests.support.guarded import SECRETS, guarded_venue, let_in
from tests.support.in_memory import open_venue
from tests.support.over_http import EventStream, authorization, http_address, over_http
from tests.support.venue import VenueProcess

ANNA = AccountId("anna")
HOME = "192.0.2.1"


class CountingVerifier:
    """Knows at once, or when told to; counts what it was asked. A secret is right if it is the hash without its prefix."""

    def __init__(self) -> None:
        self.asked = 0
        self.waiting: list[Callable[[], None]] | None = None

    def verify(self, secret_hash: str, secret: str, done: Callable[[bool], None]) -> None:
        self.asked += 1
        right = secret_hash == f"hash of {secret}"
        if self.waiting is None:
            done(right)
        else:
            self.waiting.append(lambda: done(right))


class Door:
    """The logins of a venue with one account."""

    def __init__(self) -> None:
        self.verifier = CountingVerifier()
        self.venue = open_venue()
        self.access = Access(verifier=self.verifier, clock=ManualClock(), bounds=Bounds())
        self.logins = Logins(self.venue.engine, self.access)
        self.set_secret("right")

    def set_secret(self, secret: str, account: AccountId = ANNA) -> None:
        self.venue.act(SetAccount(account, Role.TRADER, f"hash of {secret}"))

    async def knock(self, secret: str, account: str = ANNA) -> ErrorCode | Caller:
        try:
            return await self.logins.caller(authorization(account, secret)["Authorization"], HOME)
        except Refused as refused:
            return ErrorCode(refused.code)


async def test_a_pair_that_was_right_is_not_checked_again() -> None:
    door = Door()

    callers = [await door.knock("right") for _ in range(5)]

    assert callers == [Caller(ANNA, Role.TRADER)] * 5
    assert (door.verifier.asked, door.logins.remembered()) == (1, 1)


async def test_another_secret_of_the_account_ends_what_is_remembered() -> None:
    door = Door()
    await door.knock("right")

    door.set_secret("other")

    assert await door.knock("right") is ErrorCode.LOGIN_FAILED
    assert await door.knock("other") == Caller(ANNA, Role.TRADER)
    assert door.logins.remembered() == 1


async def test_who_is_disabled_is_let_in_no_more_and_is_forgotten() -> None:
    door = Door()
    await door.knock("right")

    door.venue.act(BlockAccount(ANNA, on=True))

    assert await door.knock("right") is ErrorCode.ACCOUNT_DISABLED
    assert door.logins.remembered() == 0


async def test_wrong_pairs_are_never_remembered_and_are_throttled() -> None:
    door = Door()

    answers = [await door.knock("wrong") for _ in range(6)]

    assert answers == [ErrorCode.LOGIN_FAILED] * 4 + [ErrorCode.LOGIN_THROTTLED] * 2
    assert (door.verifier.asked, door.logins.remembered()) == (4, 0)


async def test_what_is_remembered_is_bounded() -> None:
    door = Door()
    for number in range(MAX_REMEMBERED + 1):
        door.set_secret("right", AccountId(f"a{number}"))
        await door.knock("right", f"a{number}")

    await door.knock("right", "a0")

    assert door.logins.remembered() == MAX_REMEMBERED
    assert door.verifier.asked == MAX_REMEMBERED + 2


async def test_requests_that_come_together_are_one_check_and_one_that_leaves_does_not_spoil_the_others() -> (
    None
):
    door = Door()
    door.verifier.waiting = []
    asking = [asyncio.ensure_future(door.knock("right")) for _ in range(5)]
    await asyncio.sleep(0)

    asking[0].cancel()
    door.verifier.waiting[0]()

    assert await asyncio.gather(*asking[1:]) == [Caller(ANNA, Role.TRADER)] * 4
    assert door.verifier.asked == 1


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !", "Basic eHl6", "Bearer eDp5", "Basic OnNlY3JldA==", "Basic " + "A" * 5000],
)
async def test_what_is_no_basic_authentication_is_refused(header: str) -> None:
    with pytest.raises(Refused, match="no HTTP Basic"):
        await Door().logins.caller(header, HOME)


# -- a real venue ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    http = "public_market_data = false"
    with guarded_venue(tmp_path_factory.mktemp("venue"), http=http) as process:
        yield process


def test_the_secret_opens_the_account(venue: VenueProcess) -> None:
    with over_http(venue, "alice") as alice:
        answer = alice.get("account")

    assert (answer.status, answer.json["account"]) == (200, "alice")


@pytest.mark.parametrize(
    ("account", "secret", "code"),
    [
        (None, None, "not_logged_in"),
        ("alice", "wrong", "login_failed"),
        ("nobody", "wrong", "login_failed"),
        ("*", "x", "login_failed"),
    ],
)
def test_nobody_else_comes_in(
    venue: VenueProcess, account: str | None, secret: str | None, code: str
) -> None:
    with over_http(venue, account, secret) as client:
        answer = client.get("account")

    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", ["instruments", "instruments/ACME/depth", "stream?channel=bbo&symbol=ACME"])
def test_market_data_that_is_not_public_needs_a_login(venue: VenueProcess, path: str) -> None:
    with over_http(venue) as nobody, over_http(venue, "watch") as viewer:
        assert nobody.get(path).code == "not_logged_in"
        assert viewer.ask("HEAD", path).status == 200


@pytest.mark.parametrize(
    ("account", "method", "path", "status"),
    [
        ("watch", "GET", "account", 200),
        ("watch", "GET", "orders", 200),
        ("watch", "DELETE", "orders", 403),
        ("watch", "DELETE", "orders/x", 403),
        ("boss", "GET", "account", 200),
        ("boss", "DELETE", "orders", 403),
        ("clerk", "GET", "account", 403),
        ("clerk", "GET", "instruments", 200),
        ("alice", "DELETE", "orders", 200),
    ],
)
def test_roles_may_what_they_may_on_tcp(
    venue: VenueProcess, account: str, method: str, path: str, status: int
) -> None:
    with over_http(venue, account) as client:
        answer = client.ask(method, path)

    assert answer.status == status
    assert status != 403 or answer.code == "not_allowed"


def test_a_viewer_enters_no_order(venue: VenueProcess) -> None:
    with over_http(venue, "watch") as viewer:
        answer = viewer.enter("w", "buy", 1, 100)

    assert (answer.status, answer.code) == (403, "not_allowed")


def test_an_operator_takes_the_account_away_while_it_is_remembered(venue: VenueProcess) -> None:
    with over_http(venue, "carol") as carol, let_in(venue, "boss") as boss:
        before = carol.get("account").status
        boss.send({"type": "disable_account", "account": "carol", "why": "test"})
        boss.receive_until("admin_done")
        after = carol.get("account")
        boss.send({"type": "enable_account", "account": "carol", "why": "test"})
        boss.receive_until("admin_done")
        again = carol.get("account").status

    assert (before, after.status, after.code, again) == (200, 403, "account_disabled", 200)


def test_who_guesses_is_slowed_down_on_every_gateway_at_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with (
        guarded_venue(tmp_path_factory.mktemp("venue"), http="") as venue,
        over_http(venue, "bob", "x") as guesser,
    ):
        answers = [guesser.get("account") for _ in range(6)]
        with venue.connect() as session:
            told = session.ask({"type": "login", "account": "bob", "secret": SECRETS["bob"]})
        venue.stop()
        counted = venue.logged("counted")

    assert [answer.status for answer in answers] == [401] * 4 + [429] * 2
    assert answers[-1].code == told["code"] == "login_throttled"
    assert (counted[Metric.LOGINS_FAILED], counted[Metric.LOGINS_THROTTLED]) == (4, 3)


def test_a_secret_is_in_no_log(venue: VenueProcess) -> None:
    with over_http(venue, "alice") as alice:
        alice.get("account")
    with EventStream(
        http_address(venue),
        "stream?channel=bbo&symbol=ACME",
        headers=authorization("alice", SECRETS["alice"]),
    ) as stream:
        assert stream.next().kind == "bbo"

    assert SECRETS["alice"] not in str(venue.log)
