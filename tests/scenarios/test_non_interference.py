"""Invariant 8: whoever is not entitled cannot even tell that there was a group-only post.

The same script is played twice, once with the secret acts and once without; everything that outsiders can ask is answered
with the same bytes, and everything they are told on any stream is the same, after renaming what must differ between any
two runs: ids, dates, keys, signatures, tokens, ports.
"""

import re
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from server.intruder import Intruder, Knowledge, Result, intrude, list_attempts
from tests.conftest import Addresses
from tests.scenarios.listening import listening
from tests.scenarios.test_leaks import Stage, plant, servers
from tests.scenarios.world import Instance, World

RENAMED = (
    (re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----(?:\\n|\n)?", re.DOTALL), b"<key>"),
    (re.compile(rb"z6Mk[1-9A-HJ-NP-Za-km-z]{40,50}|z[1-9A-HJ-NP-Za-km-z]{80,95}"), b"<key>"),
    (re.compile(rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"), b"<date>"),
    (re.compile(rb"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?"), b"<date>"),
    (re.compile(rb"(?i)(x-request-id: )[0-9a-f]+"), rb"\1<id>"),
    (re.compile(rb"(?i)(x-ratelimit-(?:remaining|reset): )\S+"), rb"\1<n>"),
    (re.compile(rb"(?i)(set-cookie: )[^\n]+"), rb"\1<cookie>"),
    (re.compile(rb'(name="csrf" value=")[^"]+'), rb"\1<csrf>"),
    (re.compile(rb'("(?:client_id|client_secret|uid)":")[^"]+'), rb"\1<secret>"),
    (re.compile(rb'("(?:vapid_key|public_key)":")B[\w-]{86}'), rb"\1<key>"),
    (re.compile(rb"(?<![0-9])1[0-9]{17}(?![0-9])"), b"<id>"),
    (re.compile(rb"(/ap/credentials/)[\w-]+"), rb"\1<token>"),
    (re.compile(rb"(/(?:avatars|headers)/<id>/)\w+"), rb"\1<version>"),
    (re.compile(rb"localhost:\d+"), b"<host>"),
    (re.compile(rb"(?i)content-length: \d+"), b"content-length: <n>"),
)


def renamed(result: Result) -> bytes:
    """An answer in which two runs may be compared. The lengths of headers' values follow from what is renamed."""
    asked = f"{result.attempt.method} {result.attempt.route} {result.status}\n".encode()
    return rename(asked + result.everything)


def rename(text: bytes) -> bytes:
    for pattern, word in RENAMED:
        text = pattern.sub(word, text)
    return text


async def ask_everything(at: Instance, intruders: Iterable[Intruder], known: Knowledge) -> list[bytes]:
    """Every question that reads, by everybody; acts would make two runs differ by themselves."""
    answers = []
    for intruder in intruders:
        attempts = [
            one
            for one in list_attempts(at.app, known, federation_only=intruder.sign is not None)
            if one.method == "GET"
        ]
        found = intrude(at.session, at.ctx.origin.base, intruder, attempts)
        answers += [intruder.name.encode() + b": " + renamed(result) async for result in found]
    return answers


async def play(world: World, engine: str, *, secret: bool) -> list[bytes]:
    """The script; with `secret` a case is discussed in the group, liked and partly deleted meanwhile."""
    stage = await Stage.open(world)
    await stage.know(stage.b, stage.c)
    await stage.anna.post("Bonjour à tous #cardio", visibility="public")
    await stage.carl.follow(f"@anna@{stage.a.host}")
    await world.settle()  # followers are listed in the order in which they came
    await stage.nina.follow(f"@anna@{stage.a.host}")
    await world.settle()
    outsiders = (stage.olga, stage.luc, stage.marc, stage.chief, stage.nina, stage.carl)
    async with listening(*outsiders) as ears:
        if secret:
            await plant(stage)
            seen = (await stage.ben.home())[0]
            await stage.ben.ask("POST", f"/api/v1/statuses/{seen['id']}/favourite")
            await world.settle()
        await stage.anna.post("Bonsoir à tous #cardio", visibility="public")
        await world.settle()
        answers = [rename(await ear.hear_out()) for ear in ears]
    await world.settle()
    # An id that nothing has stands for those that an outsider might guess; names and words are what they are.
    known = Knowledge(
        ("100000000000000001", str(stage.anna.actor.id), str(stage.group.id)),
        (f"{stage.a.ctx.origin.base}/ap/objects/100000000000000001", stage.anna.actor.uri, stage.group.uri),
        ("cardiologie", "anna", f"anna@{stage.a.host}"),
        ("zorglubtext", "cardio"),
    )
    nobody = Intruder("nobody")
    answers += await ask_everything(stage.a, stage.outsiders_at_home(engine), known)
    answers += await ask_everything(stage.a, await servers(stage.c, stage.carl), known)
    answers += await ask_everything(stage.b, [nobody, Intruder("nina", token=stage.nina.token)], known)
    answers += await ask_everything(stage.c, [nobody, Intruder("carl", token=stage.carl.token)], known)
    return answers


@pytest.mark.timeout(300)
async def test_outsiders_cannot_tell_that_there_was_a_post(addresses: Addresses, engine: str, tmp_path: Path) -> None:
    answers = []
    for secret in (True, False):
        folder = tmp_path / str(secret)
        folder.mkdir()
        async with AsyncExitStack() as stack:
            answers.append(await play(World(addresses, folder, stack), engine, secret=secret))
    with_secret, without = answers
    assert len(with_secret) == len(without) > 400
    different = [(one, other) for one, other in zip(with_secret, without, strict=True) if one != other]
    assert not different, "\n".join(map(_difference, different))


def _difference(pair: tuple[bytes, bytes]) -> str:
    """Where two answers part, with what stands around it."""
    one, other = pair
    at = next((n for n, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
    return f"{one[:80]!r}: ...{one[max(0, at - 200) : at + 200]!r} is not ...{other[max(0, at - 200) : at + 200]!r}"
