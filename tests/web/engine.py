"""A service that translates, as LibreTranslate speaks: a real HTTP server on loopback, which remembers what it was told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

LANGUAGES = [
    {"code": "fr", "name": "French", "targets": ["fr", "en", "zh-Hans"]},
    {"code": "en", "name": "English", "targets": ["en", "fr"]},
]


@dataclass
class EngineServer:
    """It turns every word it is given into `[target] word`. `answer` is said instead, with `status`."""

    told: list[dict[str, Any]] = field(default_factory=list)
    asked_languages: int = 0
    status: int = 200
    answer: Any = None
    url: str = ""

    async def languages(self, _: web.Request) -> web.Response:
        self.asked_languages += 1
        return web.json_response(LANGUAGES)

    async def translate(self, request: web.Request) -> web.StreamResponse:
        question = await request.json()
        self.told.append(question)
        if self.answer is not None or self.status != 200:
            return web.json_response(self.answer, status=self.status, headers={"Location": self.url})
        texts = [text.replace(">Bonjour", f">[{question['target']}] Bonjour") for text in question["q"]]
        texts = [text if "<p" in text else f"[{question['target']}] {text}" for text in texts]
        detected = [{"confidence": 90, "language": "fr"} for _ in texts]
        return web.json_response({"translatedText": texts, "detectedLanguage": detected})


@asynccontextmanager
async def engine_server() -> AsyncIterator[EngineServer]:
    engine, app = EngineServer(), web.Application()
    app.router.add_get("/languages", engine.languages)
    app.router.add_post("/translate", engine.translate)
    async with TestServer(app) as server:
        engine.url = str(server.make_url("")).rstrip("/")
        yield engine
