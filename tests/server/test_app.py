"""An instance is put together as its settings say, and works only on a database that is its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from federation.context import Context
from federation.setup import create_instance
from server.app import build_app
from server.config import Config, parse_config
from server.context import HANDLE_DOMAIN, NotReadyError, open_context, require_ready
from server.jobs import finish_jobs, new_owner
from server.process import listen
from storage import instance
from storage.database import Transaction
from tests.conftest import Addresses
from web.keys import SITE
from web.rates import Rate

TEXT = """
host = "localhost:8000"
database = "sqlite:///unused"
development = true
title = "CHU A"
description = "Les soignants du CHU A"
contact = "dsi@chu-a.example"
trusted_addresses = ["127.0.0.0/8"]
trusted_proxies = ["10.0.0.1/32"]
rate_limits = { token = [600, 300] }
"""


@pytest.fixture
async def config(addresses: Addresses, tmp_path: Path) -> Config:
    return replace(parse_config(TEXT, {}, tmp_path), database=await addresses.new())


@pytest.fixture
async def ctx(config: Config) -> AsyncIterator[Context]:
    """The context of an instance that was created."""
    async with open_context(config) as opened:
        await create_instance(opened, organisation="CHU A")
        await opened.db.transact(lambda tx: instance.insert_value(tx, HANDLE_DOMAIN, config.handle_domain))
        yield opened


async def test_what_people_and_apps_are_told_is_what_the_settings_say(config: Config, ctx: Context) -> None:
    site = build_app(config, ctx)[SITE]
    assert (site.title, site.description, site.contact_email) == (
        "CHU A",
        "Les soignants du CHU A",
        "dsi@chu-a.example",
    )
    assert (site.registrations, site.development) == ("closed", True)
    assert site.trusted_proxies == (ip_network("10.0.0.1/32"),)
    assert site.rates.token == Rate(600, 300)


async def test_the_origin_is_what_the_settings_say(ctx: Context) -> None:
    assert ctx.origin.base == "http://localhost:8000"
    assert ctx.now() > 1_700_000_000_000


async def test_an_instance_is_ready_for_its_own_names_only(config: Config, ctx: Context) -> None:
    await require_ready(ctx)
    for other in (
        replace(ctx.origin, host="localhost:1"),
        replace(ctx.origin, handle_domain="x"),
        replace(ctx.origin, scheme="https"),
    ):
        with pytest.raises(NotReadyError, match="cannot change"):
            await require_ready(replace(ctx, origin=other))


async def test_a_database_of_another_version_is_refused(ctx: Context) -> None:
    async def newer(tx: Transaction) -> None:
        await tx.execute("INSERT INTO schema_version VALUES (9999)")

    await ctx.db.transact(newer)
    try:
        with pytest.raises(NotReadyError, match="confrere migrate"):
            await require_ready(ctx)
    finally:
        await ctx.db.transact(lambda tx: tx.execute("DELETE FROM schema_version WHERE version = 9999"))


async def test_certificate_authorities_that_cannot_be_read_are_told(config: Config, tmp_path: Path) -> None:
    for name in ("missing.pem", "empty.pem"):
        (tmp_path / "empty.pem").touch()
        with pytest.raises(NotReadyError, match="ca_bundle"):
            async with open_context(replace(config, ca_bundle=tmp_path / name)):
                raise AssertionError


def test_a_port_is_bound_once() -> None:
    config = parse_config(TEXT + 'bind = "127.0.0.1:0"', {}, Path("/"))
    with listen(config.bind) as listener:
        taken = replace(config.bind, port=listener.getsockname()[1])
        with pytest.raises(NotReadyError, match=r"127\.0\.0\.1"):
            listen(taken)


async def test_jobs_that_do_not_stop_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.jobs.STOP_SECONDS", 0.01)
    jobs = asyncio.create_task(asyncio.Event().wait())
    await finish_jobs(jobs)  # type: ignore[arg-type]  # a task that never ends, whatever it would answer
    assert jobs.cancelled()


async def test_a_failed_job_is_logged_and_does_not_hide_the_stop(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError

    await finish_jobs(asyncio.create_task(fail()))
    assert "a job failed" in caplog.text


def test_owners_of_leases_are_never_the_same() -> None:
    assert new_owner() != new_owner()
