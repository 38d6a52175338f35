"""A venue out of its journal: how a restart and ``tontine verify`` come back to the same state.

In: a journal. Out: a sequencer and private streams that continue where the journal ends, or the
place where replaying it does not give what was written. Private messages that the journal has are
not made again; those after them come out of the replay.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from exchange.engine import snapshot
from exchange.engine.engine import Engine, Events
from exchange.engine.sequencer import Sequencer
from exchange.history import TAPE, Archive, History
from exchange.journal.log import CommandLog, StoredTurn, VenueImage, events_digest
from exchange.journal.messages import PrivateCheck
from exchange.peers import Touched
from exchange.reports import Reports
from protocol.vocabulary import Nanoseconds


class State(NamedTuple):
    """The parts of a venue that the journal can bring back."""

    sequencer: Sequencer
    reports: Reports

    def save(self, log: CommandLog) -> None:
        """Keep a snapshot, and all private messages up to there; between turns only.

        Raises:
            JournalError: it could not be written.
        """
        log.save_snapshot(self.image(), self.reports.history.hand_over_rest())

    def image(self) -> VenueImage:
        """Everything as values."""
        return VenueImage(
            self.sequencer.last_seq,
            self.sequencer.last_at_ns,
            snapshot.take(self.sequencer.engine),
            sorted(
                (name, stream.last_seq) for name, stream in self.reports.streams.items() if stream.last_seq
            ),
        )


def start_from(
    image: VenueImage | None,
    now_ns: Callable[[], Nanoseconds],
    touched: Touched,
    archive: Archive | None = None,
) -> State:
    """The state of ``image``, or an empty venue. ``archive`` has the private messages so far."""
    history = History(archive)
    reports = Reports(touched, history)
    if image is None:
        return State(Sequencer(Engine(), now_ns), reports)
    sequencer = Sequencer(snapshot.restore(image.engine), now_ns)
    sequencer.resume(image.seq, image.at_ns)
    history.continue_from(TAPE, image.engine.last_trade_id)
    for name, last_seq in image.private_seqs:
        history.continue_from(name, last_seq)
    return State(sequencer, reports)


Follow = Callable[[StoredTurn, list[Events]], None]
"""Is shown each turn that is replayed, with the events of each command."""


def recover(
    log: CommandLog, now_ns: Callable[[], Nanoseconds], touched: Touched, follow: Follow | None = None
) -> State:
    """The state at the end of the journal: its last snapshot and what came after.

    Raises:
        JournalError: the journal is damaged.
    """
    image = log.latest_snapshot()
    state = start_from(image, now_ns, touched, log.archive())
    for turn in log.turns(after=image.seq if image else 0):
        events = replay_turn(state, turn)
        if follow is not None:
            follow(turn, events)
    state.reports.history.check_recovered()
    return state


def replay_turn(state: State, turn: StoredTurn) -> list[Events]:
    """Apply the commands of a turn again; the events of each."""
    replayed = state.sequencer.replay(turn.commands)
    state.reports.replay(zip((command.at_ns for command in turn.commands), replayed, strict=True))
    return replayed


class Checked(NamedTuple):
    """One turn replayed: how far it got, and what differed, if anything."""

    last_seq: int
    commands: int
    events: int
    fault: str | None


def check(log: CommandLog, state: State, private: PrivateCheck, *, ledger: bool = False) -> Iterator[Checked]:
    """Replay the whole journal into ``state``, an empty venue, and compare with what was written.

    Compared are the events of every turn, the private messages and the state hash of every snapshot; with
    ``ledger`` the books have to be right after every command. Ends after the first fault.
    """
    images = list(log.snapshots())
    hashes = {image.seq: (image.state_hash(), stored) for image, stored in images}
    fault = private.begin(image for image, _ in images)
    if fault is not None:
        yield Checked(0, 0, 0, fault)
        return
    for turn in log.turns():
        fault = None
        if ledger:
            events, fault = _replay_with_ledger(state, turn)
        else:
            events = replay_turn(state, turn)
        last_seq = state.sequencer.last_seq
        if fault is not None:
            pass
        elif events_digest(events) != turn.events_digest:
            fault = f"commands {turn.first_seq} to {last_seq} give other events than they gave"
        elif last_seq in hashes:
            image_hash, stored = hashes[last_seq]
            if image_hash != stored:
                fault = f"the snapshot after command {last_seq} is damaged"
            elif state.image().state_hash() != stored:
                fault = f"the state after command {last_seq} is not that of the snapshot"
        if fault is None:
            fault = private.after_turn()
        yield Checked(last_seq, len(turn.commands), sum(map(len, events)), fault)
        if fault is not None:
            return
    fault = private.end()
    if fault is not None:
        yield Checked(state.sequencer.last_seq, 0, 0, fault)


def _replay_with_ledger(state: State, turn: StoredTurn) -> tuple[list[Events], str | None]:
    """As ``replay_turn``, up to the first command after which the books are wrong; and what is wrong."""
    clearing = state.sequencer.engine.clearing
    events: list[Events] = []
    for command in turn.commands:
        events += state.sequencer.replay((command,))
        state.reports.replay(((command.at_ns, events[-1]),))
        faults = clearing.check()
        if faults:
            return events, f"the ledger after command {command.seq}: {faults[0]}"
    return events, None
