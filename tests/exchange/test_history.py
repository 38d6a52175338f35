"""Every private message can be had again, byte by byte, wherever it is kept (rule 46)."""

from io import StringIO
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from exchange.engine.clearing import Clearing
from exchange.engine.commands import AdjustBalance, Administer
from exchange.engine.events import DeadManArmed
from exchange.history import KEPT_IN_ALL, KEPT_WITHOUT_JOURNAL, PAGE, History
from exchange.journal.sqlite import SqliteLog
from exchange.journal.verify import verify
from exchange.peers import Peer
from exchange.report_messages import VENUE
from exchange.reports import Reports
from protocol.errors import JournalError, ResumeRefused
from protocol.session import ServerSession
from protocol.vocabulary import AccountId, Asset, ErrorCode, Settlement, TransactionId
from tests.support.journalled import ACCOUNTS, OPERATOR, JournalledMarket, random_command

ANNA = AccountId("anna")


def trade(market: JournalledMarket, rng: Random, first: int, count: int, longest_turn: int) -> None:
    """Random commands in turns of random length."""
    left = 0
    for number in range(first, first + count):
        market.submit(random_command(rng, number))
        left = left or rng.randrange(1, longest_turn + 1)
        left -= 1
        if not left:
            market.end_turn()
    market.end_turn()


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32),
    lives=st.lists(
        st.tuples(st.integers(0, 900), st.integers(1, 700), st.sampled_from(["stop", "kill", "go on"])),
        min_size=1,
        max_size=5,
    ),
)
def test_any_stream_can_be_had_again_from_any_number_through_ends_of_all_kinds(
    tmp_path_factory: pytest.TempPathFactory, seed: int, lives: list[tuple[int, int, str]]
) -> None:
    rng = Random(seed)
    path = tmp_path_factory.mktemp("market") / "venue.journal"
    first = 0
    with JournalledMarket(path) as market:
        for count, longest_turn, how in lives:
            trade(market, rng, first, count, longest_turn)
            first += count
            if how == "stop":
                market.stop()
            elif how == "kill":
                market.kill()

            for account in (*ACCOUNTS, OPERATOR, VENUE):
                told = market.told[account]
                assert market.reports.stream(account).last_seq == len(told)
                borders = {1, 2, PAGE, PAGE + 1, 2 * PAGE + 1, len(told) - PAGE, len(told), len(told) + 1}
                borders |= {rng.randrange(1, len(told) + 2) for _ in range(5)}
                for seq in sorted(border for border in borders if 0 < border <= len(told) + 1):
                    assert market.again(account, seq) == told[seq - 1 :]
    assert verify(path)


def test_in_memory_are_only_the_newest_messages_of_each_stream(tmp_path: Path) -> None:
    with JournalledMarket(tmp_path / "venue.journal") as market:
        trade(market, Random(1), 0, 6_000, 40)

        kept = {account: len(market.reports.stream(account).tail) for account in ACCOUNTS}

        assert min(len(market.told[account]) for account in ACCOUNTS) > 3_000
        assert max(kept.values()) < 4 * PAGE


def test_a_restart_keeps_no_more_in_memory_and_writes_nothing_twice(tmp_path: Path) -> None:
    with JournalledMarket(tmp_path / "venue.journal") as market:
        trade(market, Random(1), 0, 3_000, 40)
        for _ in range(3):
            market.kill()
            kept = [len(market.reports.stream(account).tail) for account in ACCOUNTS]
            assert max(kept) < 2 * PAGE + PAGE
            trade(market, Random(2), 10_000, 10, 3)
        market.stop()

        assert [len(market.reports.stream(account).tail) for account in ACCOUNTS] == [0, 0, 0]
        assert market.again(ANNA, 1) == market.told[ANNA]
    assert verify(tmp_path / "venue.journal")


def test_until_its_commit_is_done_a_page_is_read_from_memory(tmp_path: Path) -> None:
    with JournalledMarket(tmp_path / "venue.journal") as market:
        for number in range(4 * PAGE):
            market.submit(random_command(Random(number), number))
        turn = market.state.sequencer.take_turn()
        pages = market.reports.history.hand_over()  # on its way, and not there yet
        before = market.again(ANNA, 1)
        assert turn is not None
        market.log.append(turn, pages)

        after = market.again(ANNA, 1)

        assert len(before) == market.reports.stream(ANNA).last_seq > PAGE
        assert after == before
        assert all(page.written for page in pages)


def test_private_messages_that_no_command_caused_are_told_at_the_start(tmp_path: Path) -> None:
    with JournalledMarket(tmp_path / "venue.journal") as market:
        trade(market, Random(1), 0, 1_500, 40)
    log = SqliteLog(tmp_path / "venue.journal")
    log._connection.execute("update private set count = count + 5000 where account = 'anna'")
    log.close()

    with pytest.raises(JournalError, match="private messages of 'anna' that no command caused"):
        JournalledMarket(tmp_path / "venue.journal")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (
            "update private set lines = replace(lines, '\"buy\"', '\"sell\"') where account = 'ben'",
            "'ben' is not the one that was sent",
        ),
        ("delete from private where account = 'ben' and first_seq = 257", "private message 257 of 'ben' is missing"),
        (
            "insert into private select account, 256, 1, lines from private where account = 'ben' and first_seq = 257",
            "private message 256 of 'ben' is there twice",
        ),
        ("delete from private where account = 'anna'", "private message 1 of 'anna', from before the snapshot"),
        (
            "insert into private values ('zoe', 1, 1, '{}')",
            "private message 1 of 'zoe' follows from no command",
        ),
        ("update private set lines = '' where account = ''", "the page with private message 1 of the tape is damaged"),
    ],
)  # fmt: skip
def test_verify_finds_damaged_private_messages(tmp_path: Path, damage: str, fault: str) -> None:
    path = tmp_path / "venue.journal"
    with JournalledMarket(path) as market:
        trade(market, Random(1), 0, 1_500, 40)
        market.stop()
        trade(market, Random(2), 2_000, 800, 40)
    assert verify(path)
    log = SqliteLog(path)
    log._connection.execute(damage)
    log.close()
    said = StringIO()

    assert not verify(path, Console(file=said, width=250))

    assert fault in said.getvalue()


def test_a_page_that_cannot_be_read_is_refused_and_nothing_else_suffers(tmp_path: Path) -> None:
    with JournalledMarket(tmp_path / "venue.journal") as market:
        trade(market, Random(1), 0, 3_000, 40)
        market.log._connection.execute("drop table private")  # stands for a disk that fails to read

        with pytest.raises(ResumeRefused, match="message 1 of anna can't be read: no such table") as refused:
            market.again(ANNA, 1)

        last = len(market.told[ANNA])
        assert refused.value.code is ErrorCode.RESUME_UNAVAILABLE
        assert market.again(ANNA, last) == market.told[ANNA][-1:]


# -- without a journal -------------------------------------------------------------------------------
def armed(reports: Reports, account: AccountId, count: int) -> None:
    """So many messages for the account."""
    events = (DeadManArmed(account, None),)
    for _ in range(count):
        reports.deliver(0, events)


def test_without_a_journal_the_newest_messages_of_a_stream_are_kept() -> None:
    reports = Reports([])
    armed(reports, ANNA, 3 * KEPT_WITHOUT_JOURNAL)

    first = 2 * KEPT_WITHOUT_JOURNAL + 1
    assert [message.seq for message in reports.page(ANNA, first, 3)] == [first, first + 1, first + 2]
    assert KEPT_WITHOUT_JOURNAL <= len(reports.stream(ANNA).tail) < 1.2 * KEPT_WITHOUT_JOURNAL
    with pytest.raises(ResumeRefused, match="message 1 of anna is not kept any more") as refused:
        reports.join(Peer(ServerSession()), ANNA, 1)
    assert refused.value.code is ErrorCode.RESUME_UNAVAILABLE


def test_without_a_journal_all_streams_together_are_bounded_and_share_alike() -> None:
    reports = Reports([])
    names = [AccountId(f"a{number}") for number in range(30)]
    for _ in range(2):
        for name in names:
            armed(reports, name, KEPT_WITHOUT_JOURNAL)

    kept = [len(reports.stream(name).tail) for name in names]

    assert KEPT_IN_ALL / 2 <= sum(kept) <= KEPT_IN_ALL + PAGE * len(names)
    assert max(kept) <= 1.2 * min(kept)
    last = 2 * KEPT_WITHOUT_JOURNAL
    assert [message.seq for message in reports.page(names[0], last - min(kept) + 1, 10**6)][-1] == last


@pytest.mark.parametrize("seq", [0, -1, -(2**70)])
@pytest.mark.parametrize("journal", [True, False])
def test_no_message_has_a_number_below_one(tmp_path: Path, seq: int, journal: bool) -> None:
    with JournalledMarket(tmp_path / "venue.journal") as market:
        trade(market, Random(1), 0, 1_000, 40)
        reports = market.reports if journal else Reports([])

        with pytest.raises(ResumeRefused) as refused:
            reports.copy(Peer(ServerSession()), None, [(ANNA, seq)])

    assert refused.value.code is ErrorCode.RESUME_UNAVAILABLE


def test_a_name_in_a_login_makes_no_stream(tmp_path: Path) -> None:
    reports = Reports([])
    peer = Peer(ServerSession())

    reports.copy(peer, None, [(AccountId("nobody"), 1)])
    with pytest.raises(ResumeRefused):
        reports.copy(Peer(ServerSession()), None, [(AccountId("nobody"), 2)])

    assert not reports.streams
    armed(reports, AccountId("nobody"), 1)
    assert b'"account":"nobody"' in peer.session.data_to_send()


def test_who_catches_up_more_slowly_than_messages_are_forgotten_is_told_so() -> None:
    touched: list[Peer] = []
    reports = Reports(touched)
    armed(reports, ANNA, 1_000)
    peer = Peer(ServerSession())
    peer.session.receive_data(b'{"type":"login","account":"anna"}\n')
    reports.join(peer, ANNA, 1)
    armed(reports, ANNA, 2 * KEPT_WITHOUT_JOURNAL)

    reports.refill(peer)

    assert b'"code":"resume_unavailable"' in peer.session.data_to_send()
    assert peer.closing
    assert peer.backlog is None
    assert touched == [peer]


def test_a_history_without_a_journal_has_nothing_to_hand_over() -> None:
    history = History()
    reports = Reports([], history)
    armed(reports, ANNA, 5 * PAGE)

    assert history.hand_over() == []
    assert history.hand_over_rest() == []


# -- the ledger --------------------------------------------------------------------------------------
def test_verify_looks_through_the_books_after_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "venue.journal"
    with JournalledMarket(path, settlement=Settlement.SPOT, base="BTC", quote="USD") as market:
        for account in ACCOUNTS:
            for asset in ("BTC", "USD"):
                deposit = AdjustBalance(account, Asset(asset), 10**6, TransactionId(f"{account} {asset}"))
                market.submit(Administer(OPERATOR, "to begin with", deposit))
        trade(market, Random(1), 0, 300, 40)
        last_seq = market.state.sequencer.last_seq
        assert market.reports.history.tape.last_seq > 50
    looked: list[int] = []
    real = Clearing.check

    def check(clearing: Clearing) -> list[str]:
        looked.append(len(looked) + 1)
        return real(clearing) or (["anna has a coin too many"] if len(looked) == fault_after else [])

    monkeypatch.setattr(Clearing, "check", check)
    fault_after = 0
    assert verify(path, Console(file=StringIO()), ledger=True)
    assert len(looked) == last_seq

    looked.clear()
    fault_after = 100  # no request can do this: it stands for a fault of ours
    said = StringIO()
    assert not verify(path, Console(file=said, width=250), ledger=True)
    assert "the ledger after command 100: anna has a coin too many" in said.getvalue()
