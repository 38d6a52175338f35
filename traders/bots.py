"""Programs that trade over TCP, as part of a scenario: which, under which accounts, with which arguments.

In: the table ``bots`` of a scenario file. Out: a specification for each program, ready to be started. In virtual time they
run as they stand (``simulation.bots``); a live fleet leaves them out: whoever wants them there starts them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from protocol.errors import ConfigError
from protocol.vocabulary import AccountId
from traders.latency import Latency

Argument = str | int | float | bool


class BotGroup(BaseModel):
    """Programs of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    program: str = Field(
        min_length=1,
        pattern=r"\.py(:[A-Za-z_]\w*)?$",
        description="FILE.py, run as a script, or FILE.py:function, which is called",
    )
    name: str | None = Field(
        None, min_length=1, max_length=20, description="part of the accounts; left out: the file's name"
    )
    account: str | None = Field(
        None, min_length=1, max_length=32, description="of a single program: its account as it is"
    )
    count: int = Field(1, ge=1, le=1_000, description="how many of them")
    args: tuple[Argument, ...] | None = Field(
        None,
        description="what it is given; {host}, {port}, {account} and {number} are filled in. Left out: host and port,"
        " and for a function the account",
    )
    site: str | None = Field(None, min_length=1, description="where they sit, for latency by pair of sites")
    latency: Latency | None = Field(
        None, description="between them and the venue, each way; left out: the scenario's"
    )
    starts_after_s: float = Field(0.0, ge=0, description="virtual seconds until they are started")
    deposits: Mapping[str, int] = Field({}, description="of each account, in smallest units, by asset")
    limits: Mapping[str, Any] | None = Field(None, description="of each account, as in a venue file")

    @model_validator(mode="after")
    def _one_account_one_program(self) -> "BotGroup":
        if self.account is not None and self.count != 1:
            raise ValueError("an account belongs to a single program; leave it out or set count to 1")
        return self

    @property
    def file(self) -> str:
        """The program's file, as it was written."""
        return self.program[: self.program.rindex(".py") + 3]

    @property
    def function(self) -> str | None:
        """What is called in it; ``None``: it is run as a script."""
        return self.program[self.program.rindex(".py") + 4 :] or None


class BotSpec(NamedTuple):
    """One program, ready to be started."""

    account: AccountId
    group: BotGroup
    name: str
    number: int
    """Among those of its name, from 1."""
    args: tuple[Argument, ...]
    seed: str


def bot_specs(
    groups: Iterable[BotGroup], *, host: str, port: int, seed: int, place: str, taken: Iterable[str] = ()
) -> Iterator[BotSpec]:
    """Every program, in the order of the file. ``taken``: accounts that others have.

    Raises:
        ConfigError: an account is too long, or has two owners.
    """
    owners = set(taken)
    numbers: dict[str, int] = {}
    for index, group in enumerate(groups):
        name = group.name or group.account or group.file.rpartition("/")[2].removesuffix(".py")
        for _ in range(group.count):
            number = numbers[name] = numbers.get(name, 0) + 1
            account = group.account or f"{name}-{number}"
            if len(account) > 32:
                raise ConfigError(f"{place}: bots[{index}].name", f"{account!r} is longer than 32 characters")
            if account in owners:
                raise ConfigError(f"{place}: bots[{index}].account", f"{account!r} is somebody else's")
            owners.add(account)
            args = group.args
            if args is None:
                args = ("{host}", "{port}") if group.function is None else ("{host}", "{port}", "{account}")
            words: dict[str, Argument] = {
                "{host}": host,
                "{port}": port,
                "{account}": account,
                "{number}": number,
            }
            yield BotSpec(
                AccountId(account), group, name, number, tuple(_filled(one, words) for one in args),
                f"{seed}/bots/{name}-{number}",
            )  # fmt: skip


def _filled(argument: Argument, words: Mapping[str, Argument]) -> Argument:
    """A word alone keeps its type; within a text it is text."""
    if not isinstance(argument, str):
        return argument
    if argument in words:
        return words[argument]
    for word, value in words.items():
        argument = argument.replace(word, str(value))
    return argument
