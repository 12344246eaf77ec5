"""The service that translates, which the admin names: LibreTranslate, or what speaks as it does.

Reached through the address guard, with bounds on time, size and how much at once. Must not know posts, nor who may
read them.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from federation.addresses import Guard
from federation.connections import GuardedConnector, GuardedResolver, LookUp

PROVIDER = "LibreTranslate"
SECONDS = 15
AT_ONCE = 4
MOST_ANSWER = 1 << 20
LANGUAGES_FOR = 3600


@dataclass(frozen=True, slots=True)
class Engine:
    """Where it is. `local`: it is the institution's own, and what is not public may be told to it."""

    url: str
    key: str = field(default="", repr=False)
    local: bool = False


@dataclass(frozen=True, slots=True)
class Translated:
    """The texts in their order, as HTML from elsewhere: to be cleaned. `source`: the language that was seen in them."""

    texts: tuple[str, ...]
    source: str


class EngineError(Exception):
    """The service gave no translation. `status` is its own, 0 when it did not answer as it should."""

    def __init__(self, status: int = 0) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Translator:
    """One pool of connections to one service. Make it inside a running loop, and close it. `look_up` replaces the
    system's DNS.
    """

    def __init__(
        self, engine: Engine, guard: Guard, tls: SSLContext | None = None, look_up: LookUp | None = None
    ) -> None:
        self.engine = engine
        self._resolver = GuardedResolver(guard, look_up)
        connector = GuardedConnector(guard, self._resolver, tls=tls, limit=AT_ONCE, limit_per_host=AT_ONCE)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            trust_env=False,
        )
        self._languages: tuple[float, Mapping[str, tuple[str, ...]]] | None = None

    async def close(self) -> None:
        await self._session.close()
        await self._resolver.close()

    async def languages(self) -> Mapping[str, tuple[str, ...]]:
        """For each language, those it is translated to. Raises EngineError."""
        if self._languages is None or time.monotonic() - self._languages[0] > LANGUAGES_FOR:
            self._languages = (time.monotonic(), _read_languages(await self._ask("GET", "/languages")))
        return self._languages[1]

    async def translate(self, texts: Sequence[str], source: str | None, target: str) -> Translated:
        """Texts of HTML from one language (None: whichever it is) to another. Raises EngineError."""
        asked = {"q": list(texts), "source": source or "auto", "target": target, "format": "html"}
        key = {"api_key": self.engine.key} if self.engine.key else {}
        match await self._ask("POST", "/translate", {**asked, **key}):
            case {"translatedText": [*found], **more} if len(found) == len(texts) and _are_texts(found):
                return Translated(tuple(found), source or _detected(more.get("detectedLanguage")))
        raise EngineError

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            async with self._session.request(
                method, f"{self.engine.url}{path}", data=data, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise EngineError(response.status)
                return orjson.loads(await _read(response))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise EngineError from error


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_ANSWER:
            raise EngineError
    return bytes(body)


def _are_texts(found: Sequence[Any]) -> bool:
    return all(isinstance(one, str) for one in found)


def _detected(found: Any) -> str:
    """For several texts a list of guesses: the first text is the post's."""
    match found:
        case [{"language": str(language)}, *_] | {"language": str(language)}:
            return language
    return ""


def _read_languages(found: Any) -> Mapping[str, tuple[str, ...]]:
    """A language is not translated to itself."""
    if not isinstance(found, list):
        raise EngineError
    languages = {}
    for one in found:
        match one:
            case {"code": str(code), "targets": [*targets]} if _are_texts(targets):
                languages[code] = tuple(target for target in targets if target != code)
    return languages


TRANSLATOR: web.AppKey[Translator] = web.AppKey("translator", Translator)


def add_translator(app: web.Application, engine: Engine, guard: Guard, tls: SSLContext | None = None) -> None:
    """Have posts translated, once the application starts. Without this nothing is."""

    async def run(app: web.Application) -> AsyncIterator[None]:
        app[TRANSLATOR] = translator = Translator(engine, guard, tls)
        yield
        await translator.close()

    app.cleanup_ctx.append(run)


def find_translator(app: web.Application) -> Translator | None:
    return app.get(TRANSLATOR)
