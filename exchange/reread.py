"""The venue file read again while the venue runs: at SIGHUP.

In: the file as it is now. Out: commands, journalled with the venue itself as their author, and new settings;
one line in the log for each change, and for each key that can't change while the venue runs. A file with a
fault in it changes nothing.
"""

import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import structlog

from exchange import tls
from exchange.access import VENUE_NAME, Access, Bounds
from exchange.applying import Change, changes, contradictions
from exchange.config import HttpConfig, TcpConfig, VenueConfig
from exchange.engine.commands import AddInstrument, Administer, SetAccount
from exchange.engine.events import RequestRejected
from exchange.gateways.bounds import Limits
from exchange.schedule import Schedule
from exchange.venue import Venue
from protocol.errors import ConfigError
from protocol.vocabulary import AccountId, ErrorCode

log = structlog.get_logger()

WHY: Final = "venue file read again"

_FIXED: Final = ("name", "open")
_FIXED_TCP: Final = ("host", "port", "max_connections", "max_connections_per_source")
_TLS: Final = ("certificate", "key")
_PLANNED: Final = ("schedule", "day_ends_utc", "volatility_auction_s", "auction_extension_s")


class Gateway(Protocol):
    """Whoever keeps to the bounds of connections."""

    limits: Limits


class Reread:
    """Brings a running venue up to its file, each time it is called."""

    def __init__(
        self,
        config: VenueConfig,
        read: Callable[[], VenueConfig],
        venue: Venue,
        schedule: Schedule,
        gateway: Gateway,
        access: Access,
        context: ssl.SSLContext | None,
        http_context: ssl.SSLContext | None = None,
    ) -> None:
        """``config``: what the venue runs; ``read``: reads its file; the contexts: TLS of its gateways, if they have any."""
        self._running = config
        self._read = read
        self._venue = venue
        self._schedule = schedule
        self._gateway = gateway
        self._access = access
        self._context = context
        self._http_context = http_context
        self._certificate = tls.content(config.tcp)
        self._http_certificate = _http_certificate(config)

    def __call__(self) -> None:
        """Read the file, and do what it asks for that can be done now."""
        try:
            config = self._read()
            certificate = tls.content(config.tcp)
            if self._context is not None and config.tcp.certificate is not None:
                tls.load(self._context, config.tcp)
            http_certificate = _http_certificate(config)
            if (
                self._http_context is not None
                and config.http is not None
                and config.http.certificate is not None
            ):
                tls.load(self._http_context, config.http, "http")
        except ConfigError as error:
            _log_faults(error)
            return
        kept = list(self._kept(config))
        done = [*self._carry_out(config), *self._set(config, certificate, http_certificate)]
        for key, text in kept:
            log.warning("setting_kept", key=key, text=text)
        for key, text in done:
            log.info("setting_changed", key=key, text=text)
        log.info("venue_file_read_again", changed=len(done), kept=len(kept))

    # -- what stays ----------------------------------------------------------------------------

    def _kept(self, config: VenueConfig) -> Iterator[tuple[str, str]]:
        """Keys that the file has changed and the venue can't, and why."""
        for error in contradictions(config, self._venue.engine):
            yield error.place, error.text
        running = self._running
        yield from _differences("", running, config, _FIXED)
        yield from _differences("tcp.", running.tcp, config.tcp, _FIXED_TCP)
        yield from _differences(
            "journal.", running.journal, config.journal, tuple(type(config.journal).model_fields)
        )
        yield from _http_differences(running.http, config.http)
        if (config.tcp.certificate is None) is not (self._context is None):
            yield "tcp.certificate", "connections become TLS, or stop being that, with a restart only"
        for key, before, now in (
            ("instruments", _symbols(running), _symbols(config)),
            ("accounts", _names(running), _names(config)),
        ):
            for gone in before:
                if gone not in now:
                    yield f"{key}.{gone}", "no longer in the file, and stays as it is"

    # -- what changes --------------------------------------------------------------------------

    def _carry_out(self, config: VenueConfig) -> Iterator[tuple[str, str]]:
        """Accounts, limits, fees, new instruments."""
        for change in changes(config, self._venue.engine):
            known = self._is_known(change)
            events = self._venue.act(Administer(VENUE_NAME, WHY, change.command))
            first = events[0]
            if isinstance(first, RequestRejected):
                log.error("venue_file_refused", key=change.key, reason=first.text)
                continue
            if isinstance(change.command, AddInstrument):
                self._schedule.take_up(change.command.symbol)
            if known and isinstance(change.command, SetAccount):
                # Who is logged in proved to be somebody that the file describes otherwise now.
                text = f"the account was changed ({change.text}): log in again"
                self._venue.disconnect(change.command.account, ErrorCode.NOT_ALLOWED, text)
            yield change.key, change.text

    def _is_known(self, change: Change) -> bool:
        command = change.command
        return isinstance(command, SetAccount) and command.account in self._venue.engine.accounts.by_name

    def _set(
        self, config: VenueConfig, certificate: bytes, http_certificate: bytes
    ) -> Iterator[tuple[str, str]]:
        """Schedule, certificate, bounds."""
        running = self._running
        planned = list(_differences("", running, config, _PLANNED, after=""))
        if planned:
            self._schedule.replan(config, self._venue.now_ns())
        yield from planned
        live = tuple(key for key in TcpConfig.model_fields if key not in (*_FIXED_TCP, *_TLS))
        bounds = list(_differences("tcp.", running.tcp, config.tcp, live, after=", for new connections"))
        self._gateway.limits = gateway_limits(config.tcp)
        self._access.bounds = access_bounds(config.tcp)
        yield from bounds
        if self._context is not None and certificate not in (b"", self._certificate):
            self._certificate = certificate
            yield "tcp.certificate", "another one, for new connections"
        if self._http_context is not None and http_certificate not in (b"", self._http_certificate):
            self._http_certificate = http_certificate
            yield "http.certificate", "another one, for new connections"
        # What stayed as it was is what the next file is compared with.
        fixed = {key: getattr(running.tcp, key) for key in _FIXED_TCP}
        if not (running.tcp.certificate and config.tcp.certificate):
            fixed |= {key: getattr(running.tcp, key) for key in _TLS}
        self._running = config.model_copy(
            update={
                "tcp": config.tcp.model_copy(update=fixed),
                "journal": running.journal,
                "http": running.http,
                **{key: getattr(running, key) for key in _FIXED},
            }
        )


def _log_faults(error: ConfigError) -> None:
    for fault in (error, *error.more):
        log.error("venue_file_faulty", place=fault.place, reason=fault.text)
    log.error("venue_file_ignored")


def gateway_limits(tcp: TcpConfig) -> Limits:
    """The bounds of connections that begin from now on."""
    return Limits(
        max_line_bytes=tcp.max_line_bytes,
        max_in_flight=tcp.max_in_flight,
        max_outgoing_bytes=tcp.max_outgoing_bytes,
        login_timeout_s=tcp.login_timeout_s,
        max_connections=tcp.max_connections,
        max_connections_per_source=tcp.max_connections_per_source,
        line_timeout_s=tcp.line_timeout_s,
    )


def _http_certificate(config: VenueConfig) -> bytes:
    return b"" if config.http is None else tls.content(config.http, "http")


def _http_differences(running: HttpConfig | None, config: HttpConfig | None) -> Iterator[tuple[str, str]]:
    """HTTP is what it was when the venue started, but for its certificate."""
    if running is None or config is None:
        if running is not config:
            yield "http", "begins, or ends, with a restart only"
        return
    keys = tuple(key for key in HttpConfig.model_fields if key not in _TLS)
    yield from _differences("http.", running, config, keys)
    if (running.certificate is None) is not (config.certificate is None):
        yield "http.certificate", "connections become TLS, or stop being that, with a restart only"


def access_bounds(tcp: TcpConfig) -> Bounds:
    """The bounds of logins that come from now on."""
    return Bounds(max_sessions_per_account=tcp.max_sessions_per_account)


def _differences(
    prefix: str, running: Any, config: Any, keys: tuple[str, ...], after: str = " needs a restart"
) -> Iterator[tuple[str, str]]:
    for key in keys:
        before, now = getattr(running, key), getattr(config, key)
        if before != now:
            told = "changed" if isinstance(now, list) else f"{now} instead of {before}"
            yield prefix + key, told + after


def _symbols(config: VenueConfig) -> list[str]:
    return [instrument.symbol for instrument in config.instruments]


def _names(config: VenueConfig) -> list[AccountId]:
    return [AccountId(account.name) for account in config.accounts]
