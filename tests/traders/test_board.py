"""The board: equal scenes, equal pictures."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Symbol
from tests.traders.reports import ACME, printed
from traders.board import Scene, Standing, draw, plain_line, price_text
from traders.book_view import Depth


def scene(symbols: int = 1) -> Scene:
    names = [ACME, Symbol("BOLT"), Symbol("CORN")][:symbols]
    return Scene(
        elapsed_s=12.5,
        instruments=[InstrumentInfo(name, 1, 1, 1, 1_000_000, 2) for name in names],
        books=[Depth(name, 9, tuple((9_999 - n, 1_000) for n in range(9)), ((10_001, 3),)) for name in names],
        prints=[printed(10_000 + number, trade_id=number) for number in range(20)],
        standings=[Standing(f"crowd-{number}", number, 100 * number - 500) for number in range(20)],
        trading=20,
        orders=1_234,
        trades=56,
        orders_per_s=99.6,
        trades_per_s=4.5,
    )


def text_of(one: Scene, width: int = 80) -> str:
    out = StringIO()
    Console(file=out, width=width, height=24).print(draw(one))
    return out.getvalue()


@pytest.mark.parametrize(
    ("price", "decimals", "text"),
    [
        (10_025, 2, "100.25"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (1_234_567, 0, "1,234,567"),
        (58_000_001, 4, "5,800.0001"),
    ],
)
def test_prices_read_as_people_write_them(price: int, decimals: int, text: str) -> None:
    assert price_text(price, decimals) == text


def test_a_scene_is_one_plain_line() -> None:
    assert (
        plain_line(scene())
        == "  12.5 s  20 traders  1,234 orders (100/s)  56 trades (4/s)  ACME 99.99/100.01"
    )


def test_the_board_shows_books_tape_and_the_best_and_worst() -> None:
    text = text_of(scene())

    for expected in ("ACME", "99.99", "100.01", "1,000", "100.19", "crowd-19", "crowd-0", "+1,400", "-500"):
        assert expected in text
    assert "crowd-10 " not in text


def test_a_print_of_an_auction_has_no_side_and_is_shown_all_the_same() -> None:
    print_ = TradePrint(ACME, 1, 1, 0, 12_345, 7)

    assert "123.45" in text_of(replace(scene(), prints=[print_]))


def test_three_books_fit_a_small_terminal() -> None:
    lines = text_of(scene(3)).splitlines()

    assert len(lines) < 24
    assert max(len(line) for line in lines) <= 80


def test_an_empty_market_has_the_same_height() -> None:
    full = scene()
    empty = Scene(0, full.instruments, [Depth(ACME, 0, (), ())], (), full.standings, 0, 0, 0, 0, 0)

    assert len(text_of(empty).splitlines()) == len(text_of(full).splitlines())
    assert plain_line(empty).endswith("ACME -/-")
