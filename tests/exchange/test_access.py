"""Who is let in and who is made to wait, with time and the checking of secrets in the test's hands."""

from collections.abc import Callable
from queue import SimpleQueue

import pytest

from exchange.access import Access, Bounds, Refusal, VerifierThread, hash_secret
from exchange.metrics import DESCRIPTIONS, Metric
from exchange.throttle import FREE_FAILURES, LONGEST_DELAY_S, Throttle, source_of
from protocol.clock import ManualClock
from protocol.vocabulary import AccountId, ErrorCode

ANNA, BEN = AccountId("anna"), AccountId("ben")
HOME, AWAY = "192.0.2.1", "192.0.2.2"

FAILED, THROTTLED = ErrorCode.LOGIN_FAILED, ErrorCode.LOGIN_THROTTLED

Answers = list[ErrorCode | None]
"""Codes of refusals in the order of the decisions; ``None``: let in."""


class HandVerifier:
    """Checks when told to. A secret is right if it is the hash without its prefix."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._done: list[Callable[[bool], None]] = []

    def verify(self, secret_hash: str, secret: str, done: Callable[[bool], None]) -> None:
        self.asked.append((secret_hash, secret))
        self._done.append(done)

    @property
    def busy_with(self) -> int:
        return len(self._done)

    def check_one(self) -> None:
        secret_hash, secret = self.asked[len(self.asked) - len(self._done)]
        self._done.pop(0)(secret_hash == f"hash of {secret}")

    def check_all(self) -> None:
        while self._done:
            self.check_one()


class Door:
    """An ``Access`` with everything around it by hand."""

    def __init__(self, **bounds: int) -> None:
        self.clock = ManualClock()
        self.verifier = HandVerifier()
        self.access = Access(verifier=self.verifier, clock=self.clock, bounds=Bounds(**bounds))
        self.answers: Answers = []

    def knock(
        self, secret: str | None, *, source: str = HOME, account: AccountId = ANNA, known: bool = True
    ) -> None:
        """Ask; the account's secret is ``right``."""
        self.access.ask(source, account, "hash of right" if known else None, secret, self._decided)

    def try_once(
        self, secret: str | None, *, source: str = HOME, account: AccountId = ANNA
    ) -> ErrorCode | None:
        """Ask, and check whatever is to be checked."""
        self.knock(secret, source=source, account=account)
        self.verifier.check_all()
        return self.answers[-1]

    def _decided(self, refusal: Refusal | None) -> None:
        self.answers.append(None if refusal is None else refusal.code)


def fail_often(door: Door, count: int) -> None:
    for _ in range(count):
        door.try_once("wrong")


# -- one login ---------------------------------------------------------------------------------------
def test_the_right_secret_opens_and_a_wrong_one_or_none_does_not() -> None:
    door = Door()

    answers = [door.try_once(secret) for secret in ("right", "wrong", None)]

    assert answers == [None, FAILED, FAILED]


@pytest.mark.parametrize("secret", ["right", "wrong"])
def test_an_account_without_a_secret_costs_a_check_as_well_and_gets_the_same_answer(secret: str) -> None:
    door = Door()
    told: list[Refusal | None] = []

    door.access.ask(HOME, BEN, None, secret, told.append)
    door.access.ask(HOME, ANNA, "hash of right", "wrong", told.append)
    door.verifier.check_all()

    assert len(door.verifier.asked) == 2
    assert told[0] == told[1]
    assert told[0] is not None
    assert told[0].code is FAILED


def test_what_nobody_knows_the_secret_of_is_checked_against_a_hash_as_dear_as_the_others() -> None:
    door = Door()

    door.knock("right", known=False)

    ((secret_hash, _),) = door.verifier.asked
    assert secret_hash.split("$")[:4] == hash_secret("any").split("$")[:4]


def test_an_open_venue_lets_in_any_name_without_a_secret() -> None:
    door = Access(open=True)
    told: list[Refusal | None] = []

    door.ask(HOME, ANNA, "hash of right", None, told.append)

    assert told == [None]


@pytest.mark.parametrize("is_open", [True, False])
def test_nobody_is_the_venue_itself(is_open: bool) -> None:
    access = Access(open=True) if is_open else Door().access
    told: list[Refusal | None] = []

    access.ask(HOME, AccountId("*"), None, "right", told.append)

    assert [refusal.code for refusal in told if refusal] == [FAILED]


def test_a_venue_that_asks_for_secrets_needs_somebody_to_check_them() -> None:
    with pytest.raises(ValueError, match="to check them"):
        Access()


# -- many logins -------------------------------------------------------------------------------------
def test_one_secret_is_checked_at_a_time_in_the_order_of_asking() -> None:
    door = Door()
    for secret in ("wrong", "right", "no"):
        door.knock(secret)

    busy = []
    while door.verifier.busy_with:
        busy.append(door.verifier.busy_with)
        door.verifier.check_one()

    assert busy == [1, 1, 1]
    assert door.answers == [FAILED, None, FAILED]


def test_logins_beyond_the_bound_are_turned_away_at_once() -> None:
    door = Door(max_waiting=3)

    for number in range(6):
        door.knock("right", source=f"192.0.2.{number}")

    assert door.answers == [THROTTLED] * 2  # one is being checked, three wait
    assert door.access.metrics[Metric.LOGINS_THROTTLED] == 2
    door.verifier.check_all()
    assert door.answers == [THROTTLED] * 2 + [None] * 4


def test_one_source_cannot_keep_the_others_waiting() -> None:
    door = Door(max_waiting=100, max_waiting_per_source=2)

    for _ in range(10):
        door.knock("wrong")
    door.knock("right", source=AWAY)

    assert door.answers == [THROTTLED] * 7
    door.verifier.check_all()
    assert door.answers[-1] is None


def test_what_waits_is_not_checked_any_more_once_its_source_has_failed_too_often() -> None:
    door = Door()
    for _ in range(50):
        door.knock("wrong")

    door.verifier.check_all()

    assert door.answers == [FAILED] * (FREE_FAILURES + 1) + [THROTTLED] * (50 - FREE_FAILURES - 1)
    assert len(door.verifier.asked) == FREE_FAILURES + 1


# -- the slow-down -----------------------------------------------------------------------------------
def test_after_three_failures_each_one_costs_twice_the_time_of_the_one_before() -> None:
    door = Door()
    fail_often(door, FREE_FAILURES + 1)

    delays = []
    for _ in range(12):
        waited = 0
        while door.try_once("wrong") is THROTTLED:
            door.clock.advance(seconds=1)
            waited += 1
        delays.append(waited)

    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_who_is_slowed_down_is_turned_away_even_with_the_right_secret_and_unchecked() -> None:
    door = Door()
    fail_often(door, FREE_FAILURES + 1)
    checked = len(door.verifier.asked)

    answer = door.try_once("right")

    assert answer is THROTTLED
    assert len(door.verifier.asked) == checked
    door.clock.advance(seconds=1)
    assert door.try_once("right") is None


def test_another_source_is_not_slowed_down() -> None:
    door = Door()
    fail_often(door, FREE_FAILURES + 5)

    assert door.try_once("right", source=AWAY) is None


def test_a_success_takes_back_the_failures_of_its_account() -> None:
    door = Door()
    fail_often(door, FREE_FAILURES)
    door.try_once("right")

    answers = [door.try_once("wrong") for _ in range(FREE_FAILURES + 2)]

    assert answers == [FAILED] * (FREE_FAILURES + 1) + [THROTTLED]


def test_an_own_account_does_not_wipe_the_slate_of_who_guesses_at_others() -> None:
    door = Door()
    for _ in range(FREE_FAILURES):
        door.try_once("wrong", account=ANNA)
        door.try_once("right", account=BEN)

    answers = [door.try_once("wrong", account=ANNA) for _ in range(2)]

    assert answers == [FAILED, THROTTLED]


def test_failures_are_forgotten_after_an_hour_of_peace() -> None:
    throttle = Throttle()
    for _ in range(20):
        throttle.failed(HOME, ANNA, 0.0)

    throttle.failed(HOME, ANNA, 3601.0)

    assert throttle.wait_s(HOME, 3601.0) == 0


def test_no_number_of_failures_makes_the_delay_longer_than_its_cap() -> None:
    throttle = Throttle()

    for number in range(5_000):
        throttle.failed(HOME, AccountId(f"a{number}"), 0.0)

    assert throttle.wait_s(HOME, 0.0) == LONGEST_DELAY_S


def test_only_so_many_sources_are_remembered_and_the_oldest_goes_first() -> None:
    throttle = Throttle(max_sources=2)
    for source in ("a", "b", "a", "c"):
        for _ in range(FREE_FAILURES + 1):
            throttle.failed(source, ANNA, 0.0)

    waits = [throttle.wait_s(source, 0.0) > 0 for source in ("a", "b", "c")]

    assert waits == [True, False, True]
    assert len(throttle) == 2


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("?", "?"),
    ],
)
def test_a_source_is_what_one_customer_has(host: str, source: str) -> None:
    assert source_of(host) == source


# -- the real thing ----------------------------------------------------------------------------------
def test_a_hash_is_argon2id_with_a_salt_of_its_own_and_without_the_secret() -> None:
    first, second = hash_secret("open sesame"), hash_secret("open sesame")

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert "sesame" not in first


@pytest.mark.parametrize(
    ("secret_hash", "right"),
    [(hash_secret("sesame"), True), (hash_secret("Sesame"), False), ("no hash at all", False), ("", False)],
    ids=["right", "wrong", "broken", "empty"],
)
def test_the_thread_checks_hashes_and_survives_those_that_are_none(secret_hash: str, right: bool) -> None:
    posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
    told: list[bool] = []
    thread = VerifierThread(posted.put)

    thread.verify(secret_hash, "sesame", told.append)
    posted.get(timeout=20)()
    thread.stop()

    assert told == [right]


def test_a_thread_that_is_stopped_takes_nothing_more() -> None:
    posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
    thread = VerifierThread(posted.put)
    thread.stop()

    thread.verify(hash_secret("sesame"), "sesame", lambda right: None)

    assert posted.empty()


def test_every_metric_says_what_it_means() -> None:
    assert set(DESCRIPTIONS) == set(Metric)
