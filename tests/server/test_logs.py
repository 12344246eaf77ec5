"""Logs say what happened and where, never what was said."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.logs import AccessLogger, JsonFormatter, ReadableFormatter, log_loop_error, set_up_logs

SECRET = "xK9-patient-Durand"


class Kept(logging.Handler):
    """Keeps formatted lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    handler.setFormatter(JsonFormatter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def failing() -> None:
    patient = SECRET
    try:
        int(patient)
    except ValueError as error:
        raise RuntimeError(f"cannot store {patient}") from error


def failed() -> logging.LogRecord:
    try:
        failing()
    except RuntimeError:
        return logging.LogRecord("confrere", logging.ERROR, "", 0, "a job failed", None, sys.exc_info())
    raise AssertionError


@pytest.mark.parametrize("formatter", [JsonFormatter(), ReadableFormatter()])
def test_an_exception_is_logged_without_its_text(formatter: logging.Formatter) -> None:
    line = formatter.format(failed())
    assert SECRET not in line
    assert "RuntimeError" in line
    assert "test_logs.py" in line


def test_a_cause_is_named_too() -> None:
    entry = json.loads(JsonFormatter().format(failed()))
    assert "from builtins.ValueError" in entry["where"]


def test_what_failed_together_is_named_one_by_one() -> None:
    group = ExceptionGroup(SECRET, [ValueError(SECRET), KeyError(SECRET)])
    record = logging.LogRecord("confrere", logging.ERROR, "", 0, "a job failed", None, (type(group), group, None))
    entry = json.loads(JsonFormatter().format(record))
    assert entry["where"] == ["from builtins.ValueError", "from builtins.KeyError"]


def test_fields_stand_beside_the_message() -> None:
    record = logging.LogRecord("confrere.server", logging.INFO, "", 0, "listening", None, None)
    record.fields = {"port": 8000}
    assert json.loads(JsonFormatter().format(record))["port"] == 8000
    assert ReadableFormatter().format(record).endswith("info    listening port=8000")


def test_a_loop_says_nothing_of_what_failed_in_it(kept: Kept) -> None:
    log_loop_error(
        None, {"message": "Task exception was never retrieved", "exception": RuntimeError(SECRET), "task": SECRET}
    )
    assert len(kept.lines) == 1
    assert SECRET not in kept.lines[0]
    assert "never retrieved" in kept.lines[0]


async def answer(_: web.Request) -> web.Response:
    return web.Response(status=204)


async def test_a_request_is_logged_without_query_or_secret_parts(kept: Kept) -> None:
    app = web.Application()
    app.router.add_get("/ap/credentials/{token}", answer)
    server = TestServer(app)
    await server.start_server(access_log_class=AccessLogger)
    async with TestClient(server) as client:
        await client.get(f"/ap/credentials/{SECRET}?access_token={SECRET}")
    line = next(line for line in kept.lines if json.loads(line)["logger"] == "confrere.access")
    assert SECRET not in line
    entry = json.loads(line)
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/ap/credentials/…", 204)
    assert entry["ms"] >= 0


async def test_an_unknown_path_is_logged_as_it_came(kept: Kept) -> None:
    server = TestServer(web.Application())
    await server.start_server(access_log_class=AccessLogger)
    async with TestClient(server) as client:
        await client.get("/wp-login.php")
    assert any('"path":"/wp-login.php"' in line for line in kept.lines)


def test_terminals_get_readable_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(root, "handlers", [])
    set_up_logs(terminal=True)
    assert isinstance(root.handlers[0].formatter, ReadableFormatter)
    set_up_logs(terminal=False)
    assert isinstance(root.handlers[0].formatter, JsonFormatter)
    root.handlers[:] = before
    root.setLevel(level)
