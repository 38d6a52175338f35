"""GD and GDX: beliefs and choices on examples small enough for a pencil."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.vocabulary import Side
from tests.traders.strategies.floor import ACME, Floor, shouter
from traders.strategies.beliefs import Belief, History
from traders.strategies.dynamic_programming import DynamicProgramming, best_choice
from traders.strategies.gjerstad_dickhaut import Choice, GjerstadDickhaut


def heard(*words: tuple[str, int], trades: int = 5) -> History:
    """``bid`` and ``ask`` are shouts, ``bid!`` and ``ask!`` are accepted."""
    history = History(trades)
    for word, price in words:
        side = Side.BUY if word.startswith("bid") else Side.SELL
        if word.endswith("!"):
            history.accept(side, price)
        else:
            history.shout(side, price)
    return history


EXAMPLE = (
    ("bid", 80), ("ask", 130), ("bid", 90), ("ask", 110), ("bid", 100), ("bid!", 100),
    ("bid", 85), ("ask", 120), ("ask", 105), ("bid", 95), ("ask!", 105),
)  # fmt: skip


def test_beliefs_of_a_buyer_count_what_speaks_for_a_bid_and_what_against() -> None:
    belief = Belief(Side.BUY, heard(*EXAMPLE), 1, 200)

    # Refused bids: 80, 90, 85; 95 stands. Taken: 100. Asks: 130, 110, 120, 105.
    assert belief(1) == 0
    assert belief(80) == 0 / (0 + 3)
    assert belief(85) == 0 / (0 + 2)
    assert belief(90) == 0 / (0 + 1)
    assert belief(100) == 1 / (1 + 0)
    assert belief(95) == pytest.approx(0.5), "halfway between 90 and 100 the cubic is halfway up"
    assert belief(200) == 1


def test_beliefs_of_a_seller_are_the_mirror() -> None:
    belief = Belief(Side.SELL, heard(*EXAMPLE, ("ask", 125), ("ask", 115)), 1, 200)

    # Refused asks: 130, 110, 120, 125; 115 stands. Taken: 105. Bids: 80, 90, 100, 85, 95.
    assert belief(1) == 1
    assert belief(100) == (1 + 1) / (1 + 1 + 0)
    assert belief(105) == 1 / (1 + 0)
    assert belief(110) == 0 / (0 + 1)
    assert belief(130) == 0
    assert belief(200) == 0


def test_between_prices_that_were_seen_the_belief_is_a_cubic_without_slope_at_either_end() -> None:
    belief = Belief(Side.BUY, heard(("ask", 100), ("bid", 100), ("bid", 101)), 1, 200)

    below, above = belief(1), belief(100)
    assert (below, above) == (0, 1 / 2)
    assert belief(34) == pytest.approx(above * (1 / 3) ** 2 * (3 - 2 / 3))
    assert belief(2) < above / 99, "flat at first"
    assert above - belief(99) < above / 99, "and at last"


@given(
    st.lists(st.tuples(st.sampled_from(["bid", "ask", "bid!", "ask!"]), st.integers(1, 60)), max_size=40),
    st.integers(1, 4),
)
def test_beliefs_lie_between_0_and_1_and_more_generous_shouts_are_never_believed_less(
    words: list[tuple[str, int]], trades: int
) -> None:
    history = heard(*words, trades=trades)

    bids = [Belief(Side.BUY, history, 1, 60)(price) for price in range(1, 61)]
    asks = [Belief(Side.SELL, history, 1, 60)(price) for price in range(60, 0, -1)]

    for beliefs in (bids, asks):
        assert beliefs == sorted(beliefs)
        assert (beliefs[0], beliefs[-1]) == (0, 1)


def test_only_the_shouts_of_the_last_trades_are_remembered() -> None:
    history = heard(("bid", 50), ("bid!", 50), ("bid", 60), ("bid!", 60), ("bid", 70), trades=1)

    assert [(one.price, one.accepted) for one in history.shouts()] == [(60, True), (70, False)]
    assert history.standing(Side.BUY) == 1


def test_gd_shouts_where_belief_times_profit_is_largest() -> None:
    floor = Floor(shouter("gd")).buyer(150)
    assert isinstance(floor.strategy, GjerstadDickhaut)
    for bid, ask in ((80, 130), (90, 110), (100, 105)):
        floor.book(bid, ask)
    choices = floor.strategy.choices(floor.strategy.assignments[ACME], 150, None)

    shouted = floor.timer()

    assert shouted == max(choices, key=lambda one: (150 - one.price) * one.probability).price
    assert choices[0].price == 101, "a bid has to better the best one"
    assert choices[-1] == Choice(105, 1.0), "nobody has to pay more than is asked"


def test_gd_does_not_shout_where_it_would_gain_nothing() -> None:
    floor = Floor(shouter("gd")).buyer(100)
    floor.book(100, 120)

    assert floor.timer() is None


def test_gd_takes_more_refusals_as_a_reason_to_give_way() -> None:
    floor = Floor(shouter("gd")).buyer(150)
    for bid, ask in ((80, 130), (90, 120), (100, 120)):
        floor.book(bid, ask)
    first = floor.timer()
    assert first is not None
    floor.book(first, 120)
    floor.timer()

    shouted = [floor.timer() for _ in range(20)]

    assert shouted[-1] == 120, "in the end it takes what is offered"
    assert [one for one in shouted if one is not None] == sorted(one for one in shouted if one is not None)


def test_with_many_prices_gd_looks_at_some_of_them() -> None:
    floor = Floor(shouter("gd", {"maximum_price": 1_000_000})).buyer(900_000)
    assert isinstance(floor.strategy, GjerstadDickhaut)
    floor.book(100_000, 800_000)

    choices = floor.strategy.choices(floor.strategy.assignments[ACME], 900_000, None)

    assert len(choices) <= 252
    assert (choices[0].price, choices[-1].price) == (100_001, 800_000)


CHOICES = (Choice(90, 0.2), Choice(95, 0.5), Choice(100, 1.0))


def test_the_value_of_shouts_to_come_by_hand() -> None:
    # One shout left, limit 102: 12 * 0.2, 7 * 0.5, 2 * 1 -> 3.5 at 95.
    assert best_choice(CHOICES, Side.BUY, [102], 1, 0.9) == 95
    # Two left: waiting is worth 0.9 * 3.5 = 3.15. q (s - 3.15): 0.2 * 8.85, 0.5 * 3.85, -1.15 -> 95, V = 5.075.
    assert best_choice(CHOICES, Side.BUY, [102], 2, 0.9) == 95
    # Five left: waiting is worth V(4) * 0.9, with V(3) = 4.5675 + max(0.2 * 7.4325, 0.5 * 2.4325) = 6.054 and V(4) =
    # 5.4486 + 0.2 * 6.5514 = 6.7589; 0.2 * (12 - 6.083) = 1.183 beats 0.5 * (7 - 6.083) = 0.458 -> 90.
    assert best_choice(CHOICES, Side.BUY, [102], 5, 0.9) == 90


def test_who_has_more_units_waits_less() -> None:
    assert best_choice(CHOICES, Side.BUY, [102], 3, 0.9) == 90
    assert best_choice(CHOICES, Side.BUY, [102, 102, 102], 3, 0.9) == 95


@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=1, max_size=20, unique_by=lambda one: one[0]),
    st.lists(st.integers(1, 60), min_size=1, max_size=4),
    st.integers(1, 20),
    st.sampled_from([Side.BUY, Side.SELL]),
)  # fmt: skip
def test_gdx_without_a_future_is_gd(
    pairs: list[tuple[int, float]], limits: list[int], shouts: int, side: Side
) -> None:
    choices = [Choice(price, probability) for price, probability in pairs]
    sign = 1 if side is Side.BUY else -1
    surpluses = [sign * (limits[0] - price) * probability for price, probability in choices]
    most = max(surpluses)

    chosen = best_choice(choices, side, limits, shouts, 0.0)

    assert chosen == (choices[surpluses.index(most)].price if most > 0 else None)


def test_gdx_with_discount_0_shouts_what_gd_shouts() -> None:
    floors = [Floor(shouter("gd")).buyer(150, 140), Floor(shouter("gdx", {"discount": 0})).buyer(150, 140)]
    for bid, ask in ((80, 130), (90, 120), (95, 110), (96, 108)):
        for floor in floors:
            floor.book(bid, ask)

        gd, gdx = [floor.timer() for floor in floors]

        assert gd == gdx


def test_gdx_estimates_its_shouts_from_its_own_timers() -> None:
    floor = Floor(shouter("gdx", {"maximum_shouts": 100})).buyer(150)
    strategy = floor.strategy
    assert isinstance(strategy, DynamicProgramming)
    assignment = strategy.assignments[ACME]
    floor.timer()
    assert strategy.shouts_left(assignment) == 100, "nothing is known yet"

    for _ in range(9):
        floor.timer()

    assert strategy.shouts_left(assignment) == 21, "ten of thirty seconds passed, one shout a second"
    for _ in range(19):
        floor.timer()
    assert strategy.shouts_left(assignment) == 2
