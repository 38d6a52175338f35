"""A venue out of its journal: how a restart and ``tontine verify`` come back to the same state.

In: a journal. Out: a sequencer and private streams that continue where the journal ends, or the
place where replaying it does not give what was written.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from exchange.engine import snapshot
from exchange.engine.engine import Engine, Events
from exchange.engine.sequencer import Sequencer
from exchange.journal.log import CommandLog, StoredTurn, VenueImage, events_digest
from exchange.peers import Touched
from exchange.reports import PrivateStream, Reports
from protocol.vocabulary import Nanoseconds


class State(NamedTuple):
    """The parts of a venue that the journal can bring back."""

    sequencer: Sequencer
    reports: Reports

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


def start_from(image: VenueImage | None, now_ns: Callable[[], Nanoseconds], touched: Touched) -> State:
    """The state of ``image``, or an empty venue."""
    reports = Reports(touched)
    if image is None:
        return State(Sequencer(Engine(), now_ns), reports)
    sequencer = Sequencer(snapshot.restore(image.engine), now_ns)
    sequencer.resume(image.seq, image.at_ns)
    for name, last_seq in image.private_seqs:
        reports.streams[name] = PrivateStream(last_seq)
    return State(sequencer, reports)


def recover(log: CommandLog, now_ns: Callable[[], Nanoseconds], touched: Touched) -> State:
    """The state at the end of the journal: its last snapshot and what came after.

    Raises:
        JournalError: the journal is damaged.
    """
    image = log.latest_snapshot()
    state = start_from(image, now_ns, touched)
    for turn in log.turns(after=image.seq if image else 0):
        replay_turn(state, turn)
    return state


def replay_turn(state: State, turn: StoredTurn) -> list[Events]:
    """Apply the commands of a turn again; the events of each."""
    events = state.sequencer.replay(turn.commands)
    state.reports.count(events)
    return events


class Checked(NamedTuple):
    """One turn replayed: how far it got, and what differed, if anything."""

    last_seq: int
    commands: int
    events: int
    fault: str | None


def check(log: CommandLog, state: State) -> Iterator[Checked]:
    """Replay the whole journal into ``state``, an empty venue, and compare with what was written.

    Compared are the events of every turn and the state hash of every snapshot. Ends after the first
    fault.
    """
    hashes = {image.seq: (image.state_hash(), stored) for image, stored in log.snapshots()}
    for turn in log.turns():
        events = replay_turn(state, turn)
        last_seq = state.sequencer.last_seq
        fault = None
        if events_digest(events) != turn.events_digest:
            fault = f"commands {turn.first_seq} to {last_seq} give other events than they gave"
        elif last_seq in hashes:
            image_hash, stored = hashes[last_seq]
            if image_hash != stored:
                fault = f"the snapshot after command {last_seq} is damaged"
            elif state.image().state_hash() != stored:
                fault = f"the state after command {last_seq} is not that of the snapshot"
        yield Checked(last_seq, len(turn.commands), sum(map(len, events)), fault)
        if fault is not None:
            return
