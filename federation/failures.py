"""How an exchange with a peer fails, and which GETs failed a moment ago.

Must not know connections or documents: `federation.client` raises, remembers and asks.
"""

from collections.abc import Callable
from enum import StrEnum

from yarl import URL


class FetchFault(StrEnum):
    """Why an exchange failed."""

    REFUSED_ADDRESS = "refused_address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"  # the connection was there and broke
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    CONTENT_TYPE = "content_type"
    HTTP_STATUS = "http_status"
    MALFORMED = "malformed"  # not a URL for us, or an answer that is not HTTP


# These say something of the whole host. A time-out does not: anyone can name a slow page of a good host.
_HOST_FAULTS = {FetchFault.REFUSED_ADDRESS, FetchFault.DNS, FetchFault.CONNECT, FetchFault.TLS}
_PASSING_FAULTS = {FetchFault.CONTENT_TYPE, FetchFault.HTTP_STATUS}
_OUTAGES = {FetchFault.DNS, FetchFault.CONNECT, FetchFault.TLS, FetchFault.TIMEOUT, FetchFault.DISCONNECTED}


class FetchError(Exception):
    """Nothing usable came back. `status` is set when the fault is HTTP_STATUS."""

    def __init__(self, kind: FetchFault, detail: str, status: int | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.status = status

    @property
    def passing(self) -> bool:
        """Whether it may be better another time: nothing is wrong with what was asked for."""
        server = self.status is not None and (self.status >= 500 or self.status in {408, 429})
        return self.kind in _OUTAGES or server


class Failures:
    """GETs that failed a moment ago, so that nobody can make us repeat them: by host or by URL, oldest forgotten first.

    Content types depend on what was asked for, and every status but 410 on who asks, how it is signed and what
    happened since: these are not kept.
    """

    def __init__(self, now: Callable[[], int], *, size: int, keep_ms: int) -> None:
        self._now = now
        self._size = size
        self._keep_ms = keep_ms
        self._kept: dict[str, tuple[int, FetchFault, str, int | None]] = {}

    def check(self, url: URL) -> None:
        for key in (url.authority, str(url)):
            if (kept := self._kept.get(key)) and self._now() < kept[0]:
                raise FetchError(*kept[1:])

    def remember(self, url: URL, error: FetchError) -> None:
        if error.kind in _PASSING_FAULTS and error.status != 410:
            return
        key = url.authority if error.kind in _HOST_FAULTS else str(url)
        self._kept.pop(key, None)
        self._kept[key] = (self._now() + self._keep_ms, error.kind, error.detail, error.status)
        if len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]


class Lately:
    """What was done a moment ago, and need not be again: keys were looked for that their host did not have (anybody can
    name one in a request that nobody signed, and each look would cost that host a GET), what was forwarded was asked for,
    a host that talks to us was found awake. Bounded, oldest forgotten first. `now` is unix milliseconds.
    """

    def __init__(self, *, size: int = 1_000, keep_ms: int = 30_000) -> None:
        self._size = size
        self._keep_ms = keep_ms
        self._until: dict[str, int] = {}

    def has(self, name: str, now: int) -> bool:
        return now < self._until.get(name, 0)

    def remember(self, name: str, now: int) -> None:
        self._until.pop(name, None)
        self._until[name] = now + self._keep_ms
        if len(self._until) > self._size:
            del self._until[next(iter(self._until))]
