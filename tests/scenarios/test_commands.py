"""The command line as scripts and people use it, on both engines: what it answers, refuses and leaves in the audit log."""

import asyncio
import os
import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from PIL import Image

from storage import actors, deliveries, inbox, members, receipts, second_factors
from storage.database import Transaction
from storage.decisions import Outcome, record
from storage.engines import connect
from storage.records import Authenticator, InboxItem
from tests.conftest import Addresses
from tests.scenarios.commands import Console, insert_delivery
from web.tokens import hash_token

ADDED = ("peer", "add", "chu-b.example", "--organisation", "CHU B", "--state")


@pytest.fixture
def empty(addresses: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A folder and a database without an instance."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CONFRERE_DATABASE", asyncio.run(addresses.new()))
    monkeypatch.setenv("LC_ALL", "C")
    return Console()


@pytest.fixture
def console(empty: Console) -> Console:
    """An instance for development."""
    empty.do("init", "--host", "localhost:8000", "--organisation", "CHU A", "--development")
    return empty


@pytest.fixture
def production(empty: Console) -> Console:
    """An instance on a public name."""
    empty.do("init", "--host", "social.chu-a.example", "--organisation", "CHU A", "--handle-domain", "chu-a.example")
    return empty


def test_emoji_are_pictures_that_claim_nothing(console: Console) -> None:
    Image.new("RGB", (300, 300), "red").save("red.png")
    Path("words.png").write_text("no picture")
    console.do("emoji", "add", "red_dot", "red.png", "--category", "Formes")
    console.do("emoji", "add", "red_dot", "red.png")
    assert [(one["shortcode"], one["category"]) for one in console.ask("emoji", "list")] == [("red_dot", "")]
    assert "badge" in console.refuse("emoji", "add", "verified_clinician", "red.png")
    assert "letters" in console.refuse("emoji", "add", "é", "red.png")
    assert "image" in console.refuse("emoji", "add", "words", "words.png")
    console.do("emoji", "remove", "red_dot")
    assert console.ask("emoji", "list") == []
    assert console.refuse("emoji", "remove", "red_dot")
    assert console.acts()[-3:] == [("emoji.add", "red_dot"), ("emoji.add", "red_dot"), ("emoji.remove", "red_dot")]


def test_members_are_told_things(console: Console) -> None:
    made = console.ask("announcement", "add", "--fr", "Maintenance", "--until", "2099-01-31T12:00")["id"]
    [row] = console.ask("announcement", "list")
    assert (row["id"], row["french"], row["until"]) == (made, "<p>Maintenance</p>", "2099-01-31T12:00:00Z")
    days = ("--from", "2099-01-01", "--until", "2099-01-02", "--all-day")
    assert console.ask("announcement", "update", made, "--en", "Days", *days)["id"] == made
    [row] = console.ask("announcement", "list")
    assert (row["french"], row["since"], row["until"]) == ("", "2099-01-01T00:00:00Z", "2099-01-02T23:59:59Z")
    assert "--fr" in console.refuse("announcement", "add")
    assert "--until" in console.refuse("announcement", "add", "--fr", "a", "--all-day")
    early = ("--from", "2099-01-02", "--until", "2099-01-01")
    assert "before" in console.refuse("announcement", "add", "--fr", "a", *early)
    assert console.refuse("announcement", "update", "7", "--fr", "a")
    console.do("announcement", "remove", made)
    assert console.refuse("announcement", "remove", made)
    kinds = ["announcement.add", "announcement.update", "announcement.remove"]
    assert [act for act, _ in console.acts()][-3:] == kinds


# --- init, check, migrate -----------------------------------------------------------------------------------------


def test_init_writes_settings_that_are_in_order(empty: Console) -> None:
    said = empty.do(
        "init", "--host", "social.chu-a.example", "--organisation", 'CHU "A"', "--handle-domain", "chu-a.example"
    )
    assert "confrere member add" in said
    written = tomllib.loads(Path("confrere.toml").read_text())
    assert written["title"] == 'CHU "A"'
    assert empty.ask("check")["ok"]
    assert ("instance.create", "social.chu-a.example") in empty.acts()


def test_what_init_writes_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database holds private keys, the settings perhaps a password."""
    monkeypatch.chdir(tmp_path)
    Console().do("init", "--host", "localhost:8000", "--organisation", "CHU A", "--development")
    written = list(tmp_path.iterdir())
    assert {"confrere.toml", "confrere.sqlite3", "media"} <= {path.name for path in written}
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_init_overwrites_nothing(console: Console) -> None:
    before = Path("confrere.toml").read_text()
    again = ("init", "--host", "localhost:8000", "--organisation", "CHU A", "--development")
    assert "exists" in console.refuse(*again)
    Path("confrere.toml").rename("kept.toml")
    assert "holds an instance already" in console.refuse(*again)
    assert Path("kept.toml").read_text() == before
    assert not Path("confrere.toml").exists()


def test_init_refuses_development_on_a_public_host(empty: Console) -> None:
    said = empty.refuse("init", "--host", "social.chu-a.fr", "--organisation", "CHU A", "--development")
    assert "public host" in said
    assert not Path("confrere.toml").exists()


def test_check_reports_all_mistakes(console: Console) -> None:
    Path("confrere.toml").write_text('hosst = "x"\nworkers = 0\n')
    said = console.refuse("check")
    assert "hosst" in said
    assert "workers" in said
    assert "host: is missing" in said


def test_errors_are_french_where_the_console_is(console: Console) -> None:
    result = console.run("member", "show", "nobody", LC_ALL="fr_FR.UTF-8")
    assert result.stderr == "Erreur: pas de membre nobody ici\n"


def test_names_of_an_instance_cannot_change(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFRERE_HOST", "localhost:8001")
    assert "host cannot change" in console.refuse("check")
    monkeypatch.delenv("CONFRERE_HOST")
    monkeypatch.setenv("CONFRERE_HANDLE_DOMAIN", "elsewhere.localhost")
    assert "handle_domain cannot change" in console.refuse("check")


def test_migrate_has_nothing_to_do_after_init(console: Console) -> None:
    assert console.ask("migrate") == {"applied": []}


def test_a_database_that_does_not_open_is_told(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("sqlite:////nowhere/at/all.sqlite3", "postgresql://root@127.0.0.1:1/test"):
        monkeypatch.setenv("CONFRERE_DATABASE", address)
        assert "does not open" in console.refuse("check")


def test_commands_before_init_say_what_to_do(empty: Console) -> None:
    assert "confrere init" in empty.refuse("member", "list")
    Path("confrere.toml").write_text('host = "localhost:8000"\ndevelopment = true\ndatabase = "sqlite:///new.sqlite3"')
    assert "confrere init" in empty.refuse("member", "list")


# --- members and tokens -------------------------------------------------------------------------------------------


def test_an_account_without_password_gets_a_link(console: Console) -> None:
    added = console.ask(
        "member", "add", "Claire", "--email", "Claire@chu-a.example", "--name", "Claire Martin", "--role", "admin"
    )
    assert added["link"].startswith("http://localhost:8000/auth/link?token=")
    [row] = console.ask("member", "list")
    assert row == {"name": "claire", "display_name": "Claire Martin", "role": "admin", "level": None, "disabled": False}
    assert console.ask("member", "show", "claire")["email"] == "claire@chu-a.example"


def test_an_account_with_password_gets_none(console: Console) -> None:
    added = console.ask(
        "member", "add", "bob", "--email", "bob@chu-a.example", "--password-stdin", stdin="correct horse\n"
    )
    assert added == {"name": "bob", "role": "member", "link": None}


@pytest.mark.parametrize(
    ("name", "email", "password", "expected"),
    [
        ("claire", "other@chu-a.example", "long enough", "taken"),
        ("bob", "CLAIRE@chu-a.example", "long enough", "account already"),
        ("bob martin", "bob@chu-a.example", "long enough", "letters"),
        ("bob", "bob", "long enough", "e-mail"),
        ("bob", "bob@chu-a.example", "short", "characters"),
    ],
)
def test_accounts_that_may_not_be(console: Console, name: str, email: str, password: str, expected: str) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    assert expected in console.refuse("member", "add", name, "--email", email, "--password", password)
    assert len(console.ask("member", "list")) == 1


def test_a_verification_is_recorded_told_and_revoked(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    console.do(
        *("member", "verify", "claire", "--profession", "physician", "--specialty", "cardiology"),
        *("--level", "register", "--register", "FR/RPPS:10000000001", "--until", "2099-06-30"),
    )
    verified = console.ask("member", "show", "claire")["verified"]
    assert (verified["profession"], verified["specialties"], verified["level"]) == (
        "physician",
        ["cardiology"],
        "register",
    )
    assert verified["until"] == "2099-07-01T00:00:00Z"
    console.do("member", "revoke", "claire", "--reason", "left")
    assert console.ask("member", "show", "claire")["verified"]["revoked"]
    assert console.ask("member", "list")[0]["level"] is None
    assert "not verified" in console.refuse("member", "revoke", "claire", "--reason", "again")
    assert console.acts()[-2:] == [("member.verify", "claire"), ("member.revoke", "claire")]


def test_a_profession_that_nobody_has_is_refused(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    verify = ("member", "verify", "claire", "--level", "register")
    assert "did you mean physician?" in console.refuse(*verify, "--profession", "physcian")
    assert "no such code" in console.refuse(*verify, "--profession", "physician", "--specialty", "magic")
    assert "past" in console.refuse(*verify, "--profession", "physician", "--until", "2020-01-01")
    assert console.ask("member", "show", "claire")["verified"] is None


def test_a_closed_account_can_be_opened_again(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    console.do("member", "disable", "claire")
    assert console.ask("member", "list")[0]["disabled"]
    assert "closed" in console.refuse("token", "create", "claire")
    console.do("member", "disable", "claire", "--undo")
    assert not console.ask("member", "list")[0]["disabled"]
    assert console.acts()[-2:] == [("member.disable", "claire"), ("member.enable", "claire")]


def test_who_asked_for_an_account_is_let_in_or_turned_away(console: Console) -> None:
    for name in ("claire", "nina", "bob"):
        console.do("member", "add", name, "--email", f"{name}@chu-a.example")
    asyncio.run(make_waiting(os.environ["CONFRERE_DATABASE"], "nina", "bob"))
    [nina, bob] = console.ask("member", "list", "--pending")
    assert (nina["name"], nina["reason"], nina["approved"]) == ("nina", "Infirmière", False)
    console.do("member", "approve", "nina")
    console.do("member", "reject", bob["name"])
    assert "nina does not wait" in console.refuse("member", "approve", "nina")
    assert "claire does not wait" in console.refuse("member", "reject", "claire")
    assert console.ask("member", "list", "--pending") == []
    assert [(row["name"], row["disabled"]) for row in console.ask("member", "list")] == [
        ("claire", False),
        ("nina", False),
    ]
    assert console.acts()[-2:] == [("member.approve", "nina"), ("member.reject", "bob")]


async def make_waiting(address: str, *names: str) -> None:
    """As if these people had signed up."""

    async def unit(tx: Transaction) -> None:
        for name in names:
            person = await members.get_person_by_login(tx, name)
            assert person is not None
            await members.update_member(tx, person.actor.id, approved_at=None, reason="Infirmière")
            await actors.update_actor(tx, person.actor.id, disabled_at=1)

    db = await connect(address)
    await db.transact(unit)
    await db.close()


def test_what_opened_an_account_does_not_open_it_again(console: Console) -> None:
    """Sessions and tokens end with the account, and stay ended when it is opened again."""
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    token = console.do("token", "create", "claire").strip()
    address = os.environ["CONFRERE_DATABASE"]
    assert asyncio.run(open_session_and_look(address, token)) == (True, True)
    console.do("member", "disable", "claire")
    console.do("member", "disable", "claire", "--undo")
    assert asyncio.run(look(address, token)) == (False, False)


async def open_session_and_look(address: str, token: str) -> tuple[bool, bool]:
    async def unit(tx: Transaction) -> None:
        person = await members.get_person_by_login(tx, "claire")
        assert person is not None
        await members.insert_session(tx, hashed="s", actor_id=person.actor.id, now=1, expires_at=10)

    db = await connect(address)
    await db.transact(unit)
    await db.close()
    return await look(address, token)


async def look(address: str, token: str) -> tuple[bool, bool]:
    """Whether the session and the token are there."""
    db = await connect(address)
    session = await db.read(lambda tx: members.get_person_by_session(tx, "s", now=2))
    count = await db.read(lambda tx: tx.value("SELECT count(*) FROM tokens WHERE hash = :hash", hash=hash_token(token)))
    await db.close()
    return session is not None, count == 1


def test_what_gives_access_is_told_to_its_owner(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    console.do("token", "create", "claire")
    assert asyncio.run(count_told(os.environ["CONFRERE_DATABASE"])) == 1
    console.do("member", "verify", "claire", "--profession", "nurse", "--level", "checked")
    assert asyncio.run(count_told(os.environ["CONFRERE_DATABASE"])) == 2


async def count_told(address: str) -> int:
    db = await connect(address)
    count = await db.read(lambda tx: tx.value("SELECT count(*) FROM notifications WHERE type = 'mention'"))
    await db.close()
    return int(count)


def test_second_factors_are_taken_off_and_audited(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example", "--password", "a long password")
    assert "no second factor" in console.refuse("member", "reset-2fa", "claire")
    asyncio.run(set_up_authenticator(os.environ["CONFRERE_DATABASE"]))
    console.do("member", "reset-2fa", "claire")
    assert ("member.reset_second_factors", "claire") in console.acts()
    assert "no second factor" in console.refuse("member", "reset-2fa", "claire")
    assert asyncio.run(count_told(os.environ["CONFRERE_DATABASE"])) == 1


async def set_up_authenticator(address: str) -> None:
    async def unit(tx: Transaction) -> None:
        person = await members.get_person_by_login(tx, "claire")
        assert person is not None
        await second_factors.replace_authenticator(tx, Authenticator(person.actor.id, "X" * 32, 0, 1))

    db = await connect(address)
    await db.transact(unit)
    await db.close()


def test_a_token_in_development_is_made_for_anybody_and_audited(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    made = console.ask("token", "create", "claire", "--scopes", "read write follow push")
    assert len(made["token"]) == 43
    assert made["scopes"] == ["read", "write", "follow", "push"]
    assert console.acts()[-1] == ("token.create", "claire")
    assert "unknown scopes" in console.refuse("token", "create", "claire", "--scopes", "everything")


def test_a_token_in_production_needs_the_password_of_its_owner(production: Console) -> None:
    production.do("member", "add", "claire", "--email", "c@chu-a.example", "--password", "correct horse")
    production.do("member", "add", "david", "--email", "d@chu-a.example")
    create = ("token", "create", "claire", "--password-stdin")
    assert "made by its owner" in production.refuse(*create, stdin="wrong horse\n")
    assert "made by its owner" in production.refuse("token", "create", "david", "--password-stdin", stdin="\n")
    assert ("token.create", "claire") not in production.acts()
    assert production.ask(*create, stdin="correct horse\n")["token"]


# --- groups -------------------------------------------------------------------------------------------------------


@pytest.fixture
def group(console: Console) -> Console:
    """The group `cardiologie`, moderated by Claire; David is a member of the instance."""
    for name in ("claire", "david"):
        console.do("member", "add", name, "--email", f"{name}@chu-a.example")
    console.do(
        *("group", "add", "cardiologie", "--title", "Cardiologie", "--joining", "request"),
        *("--reach", "chu-b.example", "--moderator", "claire"),
    )
    return console


def test_a_group_has_its_moderator(group: Console) -> None:
    [row] = group.ask("group", "list")
    assert (row["name"], row["joining"], row["reach"], row["members"]) == (
        "cardiologie",
        "request",
        ["chu-b.example"],
        1,
    )
    assert group.ask("group", "show", "cardiologie")["title"] == "Cardiologie"
    [member] = group.ask("group", "members", "cardiologie")
    assert (member["name"], member["state"], member["moderator"]) == ("@claire", "active", True)


def test_a_public_group_is_made_as_one(group: Console) -> None:
    add = ("group", "add", "ecg", "--title", "ECG", "--joining", "automatic", "--moderator", "claire")
    assert "everybody" in group.refuse(*add, "--public", "--reach", "chu-b.example")
    assert "public groups" in group.refuse(*add, "--moderators-only")
    assert group.ask(*add, "--public", "--moderators-only")["public"]
    told = group.ask("group", "show", "ecg")
    assert (told["public"], told["posting"], told["reach"], told["members"]) == (True, "moderators", [], 1)
    assert [row["public"] for row in group.ask("group", "list")] == [False, True]
    assert "taken" in group.refuse(*add, "--public")
    group.do("group", "invite", "ecg", "david")
    states = {row["name"]: (row["state"], row["moderator"]) for row in group.ask("group", "members", "ecg")}
    assert states == {"@claire": ("active", True), "@david": ("invited", False)}
    group.do("group", "moderator", "ecg", "david")
    group.do("group", "remove", "ecg", "claire")
    group.do("group", "ban", "ecg", "claire")
    states = {row["name"]: (row["state"], row["moderator"]) for row in group.ask("group", "members", "ecg")}
    assert states == {"@claire": ("banned", False), "@david": ("active", True)}
    assert "nothing to do" in group.refuse("group", "accept", "ecg", "claire")
    assert "no public group" in group.refuse("group", "lock", "ecg", "7", "--as", "david")
    assert "no public group" in group.refuse("group", "lock", "cardiologie", "7", "--as", "claire")


def test_groups_that_may_not_be(group: Console) -> None:
    add = ("group", "add", "--title", "T", "--joining", "request", "--moderator")
    assert "taken" in group.refuse(*add, "claire", "cardiologie")
    assert "letters" in group.refuse(*add, "claire", "Cardio Logie")
    assert "no member nobody" in group.refuse(*add, "nobody", "urgences")
    assert "host name" in group.refuse(*add, "claire", "urgences", "--reach", "https://chu-b.example")


def test_a_member_is_invited_removed_and_banned(group: Console) -> None:
    group.do("group", "invite", "cardiologie", "david")
    states = {row["name"]: row["state"] for row in group.ask("group", "members", "cardiologie")}
    assert states == {"@claire": "active", "@david": "invited"}
    group.do("group", "remove", "cardiologie", "david")
    assert "nothing to do" in group.refuse("group", "remove", "cardiologie", "david")
    group.do("group", "invite", "cardiologie", "@david")
    group.do("group", "ban", "cardiologie", "david", "--reason", "copied a case elsewhere")
    states = {row["name"]: row["state"] for row in group.ask("group", "members", "cardiologie")}
    assert states["@david"] == "banned"


def test_a_host_is_taken_out_of_a_group(group: Console) -> None:
    add = ("group", "add", "urgences", "--title", "Urgences", "--joining", "request", "--moderator", "claire")
    group.do(*add, "--reach", "chu-b.example", "--reach", "chu-c.example")
    assert group.ask("group", "expel", "urgences", "chu-b.example")["ended"] == 0
    assert group.ask("group", "show", "urgences")["reach"] == ["chu-c.example"]
    assert "is not in" in group.refuse("group", "expel", "urgences", "chu-b.example")
    assert ("group.expel", "urgences") in group.acts()
    widened = group.ask("group", "widen", "urgences", "chu-d.example")
    assert widened["reach"] == ["chu-c.example", "chu-d.example"]
    assert [(one["host"], one["agreed"]) for one in widened["agreements"]] == [("chu-c.example", ["chu-c.example"])]
    assert "not a host" in group.refuse("group", "widen", "urgences", "https://x")
    assert ("group.widen", "urgences") in group.acts()


def test_nobody_is_accepted_who_has_not_asked(group: Console) -> None:
    assert "nothing to do" in group.refuse("group", "accept", "cardiologie", "david")
    assert "nobody known" in group.refuse("group", "accept", "cardiologie", "erik@chu-b.example")
    assert "no group" in group.refuse("group", "accept", "urgences", "david")


def test_moderating_is_given_and_taken(group: Console) -> None:
    assert "appoint another" in group.refuse("group", "moderator", "cardiologie", "claire", "--undo")
    assert "nothing to do" in group.refuse("group", "moderator", "cardiologie", "david")
    assert "appoint another" in group.refuse("group", "remove", "cardiologie", "claire")
    assert "appoint another" in group.refuse("group", "ban", "cardiologie", "claire")
    before = asyncio.run(count_told(os.environ["CONFRERE_DATABASE"]))
    group.do("group", "moderator", "cardiologie", "claire")
    assert ("group.moderator", "cardiologie") in group.acts()
    assert asyncio.run(count_told(os.environ["CONFRERE_DATABASE"])) == before + 1


# --- channels -----------------------------------------------------------------------------------------------------


def test_a_channel_and_who_runs_it(group: Console) -> None:
    add = ("channel", "add", "actualites", "--title", "CHU A, actualités", "--operator")
    assert "no member nobody" in group.refuse(*add, "nobody")
    assert "letters" in group.refuse("channel", "add", "a b", "--title", "T", "--operator", "claire")
    assert group.ask("channel", "list") == []
    assert group.ask(*add, "claire")["uri"].startswith("http://localhost:8000/ap/actors/")
    assert "taken" in group.refuse(*add, "claire")
    [row] = group.ask("channel", "list")
    assert row == group.ask("channel", "show", "actualites")
    assert (row["title"], row["operators"]) == ("CHU A, actualités", ["claire"])
    group.do("channel", "add-operator", "actualites", "david")
    assert "already" in group.refuse("channel", "add-operator", "actualites", "david")
    assert [one["name"] for one in group.ask("channel", "operators", "actualites")] == ["claire", "david"]
    group.do("channel", "remove-operator", "actualites", "claire")
    assert "does not run" in group.refuse("channel", "remove-operator", "actualites", "claire")
    assert [one["name"] for one in group.ask("channel", "operators", "@actualites")] == ["david"]
    acts = [name for name, subject in group.acts() if subject == "actualites"]
    assert sorted(acts) == ["channel.add_operator", "channel.create", "channel.remove_operator"]
    assert asyncio.run(count_told(os.environ["CONFRERE_DATABASE"])) == 3  # and of the group that claire moderates
    assert "no channel cardiologie" in group.refuse("channel", "show", "cardiologie")
    for command in (("member", "show"), ("member", "disable"), ("token", "create")):
        assert "no member actualites" in group.refuse(*command, "actualites")


# --- peers and policy ---------------------------------------------------------------------------------------------


def test_a_peer_is_added_changed_and_removed(console: Console) -> None:
    agreement = ("--agreement", "2026-014", "--from", "2020-01-10", "--until", "2099-01-10")
    console.do(*ADDED, "active", *agreement)
    [row] = console.ask("peer", "list")
    assert (row["host"], row["organisation"], row["state"]) == ("chu-b.example", "CHU B", "active")
    console.do("peer", "set", "chu-b.example", "--state", "suspended", "--direction", "in", "--reason", "breach")
    shown = console.ask("peer", "show", "chu-b.example")
    assert (shown["state"], shown["direction"], shown["reason"]) == ("suspended", "in", "peer_suspended")
    assert shown["agreement"] == "2026-014 (2020-01-10 – 2099-01-10)"
    called = ("--contact", "DPO, dpo@chu-b.example", "--contact", "0199000000", "--identifier", "FINESS 990000002")
    console.do("peer", "set", "chu-b.example", *called)
    shown = console.ask("peer", "show", "chu-b.example")
    assert (shown["contacts"], shown["identifier"]) == (["DPO, dpo@chu-b.example", "0199000000"], "FINESS 990000002")
    console.do("peer", "set", "chu-b.example", "--agreement", "", "--contact", "")
    shown = console.ask("peer", "show", "chu-b.example")
    assert (shown["agreement"], shown["contacts"]) == (None, [])
    console.do("peer", "remove", "chu-b.example")
    assert console.ask("peer", "list") == []
    log = console.ask("policy", "log")
    assert [row["reason"] for row in log[:2]] == ["peer remove chu-b.example", "peer set chu-b.example"]
    assert log[3]["reason"] == "breach"


def test_an_agreement_that_has_ended_shows_as_quarantine(console: Console) -> None:
    console.do(*ADDED, "active", "--agreement", "A", "--from", "2020-01-10", "--until", "2021-01-10")
    assert console.ask("peer", "list")[0]["state"] == "quarantined"
    assert console.ask("peer", "show", "chu-b.example")["reason"] == "agreement_expired"


def test_a_widening_waits_for_a_second_admin(console: Console) -> None:
    for name in ("anna", "ben", "carl"):
        role = ("--role", "admin") if name != "carl" else ()
        console.do("member", "add", name, "--email", f"{name}@chu-a.example", *role)
    text = console.ask("policy", "show")["text"]
    Path("two.toml").write_text(text.replace("[instance]", "[instance]\ntwo_person = true"))
    console.do("policy", "apply", "two.toml", "--reason", "two", "--by", "anna")
    Path("open.toml").write_text(Path("two.toml").read_text().replace('"closed"  ', '"open"  '))
    diff = console.ask("policy", "diff", "open.toml")
    assert diff["widens"]
    assert "Hosts that are not listed may now talk to this instance." in [each["en"] for each in diff["effects"]]
    assert "waits as draft" in console.refuse("policy", "apply", "open.toml", "--reason", "open", "--by", "anna")
    [draft] = console.ask("policy", "drafts")
    assert "may now talk" in draft["allows"]
    assert "author" in console.refuse("policy", "approve", draft["draft"], "--by", "anna")
    assert "no admin" in console.refuse("policy", "approve", draft["draft"], "--by", "carl")
    console.do("policy", "approve", draft["draft"], "--by", "ben")
    assert console.ask("policy", "log")[0]["by"] == "anna"
    assert "no draft" in console.refuse("policy", "drop", draft["draft"])
    assert not console.ask("policy", "diff", "two.toml")["widens"]


def test_a_draft_is_tried_on_what_was_decided(console: Console) -> None:
    console.do(*ADDED, "active")
    facts = {
        "host": "chu-b.example", "kind": "content", "audience": "public", "verified": False, "capable": True,
        "members": False, "in_reach": False, "group": "", "onward": None, "parts": ["posts"],
    }  # fmt: skip

    async def insert() -> None:
        db = await connect(os.environ["CONFRERE_DATABASE"])

        async def unit(tx: Transaction) -> None:
            for number in range(3):
                uri = f"https://a.example/{number}"
                outcome = Outcome("allow", "", "", 1)
                now = int(time.time() * 1000) - number * 40 * 24 * 3_600_000
                await record(
                    tx, point="send", object_uri=uri, host="chu-b.example", outcome=outcome, facts=facts, now=now
                )

        await db.transact(unit)
        await db.close()

    asyncio.run(insert())
    text = console.ask("policy", "show")["text"]
    Path("draft.toml").write_text(text.replace('public = "allow"', 'public = "deny"'))
    [row] = console.ask("policy", "simulate", "draft.toml", "--days", "50")
    assert (row["becomes"], row["count"], row["about"], row["kind"]) == ("refused", 2, "chu-b.example", "send public")
    assert console.ask("policy", "simulate", "draft.toml")[0]["count"] == 1
    Path("same.toml").write_text(text)
    assert console.ask("policy", "simulate", "same.toml") == []


def test_lists_of_peers_go_out_and_come_in(console: Console) -> None:
    console.do(*ADDED, "active")
    result = console.run("peer", "export-list", "regional", "--number", "3", "--until", "2099-01-01")
    Path("list.json").write_text(result.stdout)
    key = result.stderr.split()[-1]
    assert "trust" in console.refuse("peer", "import-list", "regional", "list.json")
    console.do("peer", "remove", "chu-b.example")
    text = console.ask("policy", "show")["text"]
    Path("rules.toml").write_text(f'{text}\n[lists.regional]\nkey = "{key}"\n')
    console.do("policy", "apply", "rules.toml", "--reason", "trust")
    assert console.ask("peer", "import-list", "regional", "list.json")["conflicts"] == []
    assert [row["host"] for row in console.ask("peer", "list")] == ["chu-b.example"]
    Path("blocks.csv").write_text("bad.example\n")
    [row] = console.ask("peer", "import-csv", "blocks", "blocks.csv")
    assert row == {"host": "bad.example", "outcome": "done"}
    assert "bad.example,suspend" in console.do("peer", "export-csv", "blocks")


def test_peers_that_may_not_be(console: Console) -> None:
    console.do(*ADDED, "proposed")
    assert "listed already" in console.refuse(*ADDED, "active")
    assert "needs --agreement" in console.refuse(*ADDED, "active", "--from", "2026-01-01")
    assert "not listed" in console.refuse("peer", "set", "chu-c.example", "--state", "active")
    assert "not listed" in console.refuse("peer", "remove", "chu-c.example")
    assert "not listed" in console.refuse("peer", "show", "chu-c.example")
    assert "nothing to change" in console.refuse("peer", "set", "chu-b.example")
    assert "small letters" in console.refuse(
        "peer", "add", "https://x.example/", "--organisation", "X", "--state", "active"
    )
    assert "host name" in console.refuse("peer", "look", "https://x.example/")
    assert len(console.ask("policy", "log")) == 2


def test_looking_at_a_host_that_does_not_answer_is_refused(console: Console) -> None:
    assert "localhost:1: connect" in console.refuse("peer", "look", "localhost:1")


def test_a_ruleset_is_shown_checked_compared_applied_and_rolled_back(console: Console) -> None:
    text = console.do("policy", "show")
    draft = Path("rules.toml")
    draft.write_text(text.replace('network = "closed"', 'network = "open"'))
    console.do("policy", "check", "rules.toml")
    changes = console.do("policy", "diff", "rules.toml")
    assert '-network = "closed"' in changes
    assert '+network = "open"' in changes
    assert console.ask("policy", "apply", "rules.toml", "--reason", "an experiment") == {"version": 2}
    assert 'network = "open"' in console.do("policy", "show")
    assert 'network = "closed"' in console.do("policy", "show", "--version", "1")
    console.do("policy", "rollback", "1", "--reason", "it was one")
    assert console.ask("policy", "show")["text"] == console.ask("policy", "show", "--version", "1")["text"]
    assert [row["reason"] for row in console.ask("policy", "log")][:2] == ["it was one", "an experiment"]
    assert "no version 9" in console.refuse("policy", "rollback", "9", "--reason", "x")


def test_all_mistakes_of_a_ruleset_are_told_with_their_lines(console: Console) -> None:
    Path("rules.toml").write_text(
        '[instance]\nnetwork = "opened"\n[peers."chu-b.example"]\nstate = "active"\nhold = 3\n'
    )
    for command in (("check",), ("diff",), ("apply", "--reason", "x")):
        said = console.refuse("policy", *command, "rules.toml")
        assert "line 2: instance.network" in said
        assert "line 5: peers" in said
    assert len(console.ask("policy", "log")) == 1


def test_explaining_what_nobody_decided(console: Console) -> None:
    assert "no post 12" in console.refuse("policy", "explain", "12")
    assert console.ask("policy", "explain", "https://chu-b.example/ap/objects/1") == []
    assert "Nothing was decided" in console.do("policy", "explain", "https://chu-b.example/ap/objects/1")


# --- queues, doctor -----------------------------------------------------------------------------------------------


def test_empty_queues(console: Console) -> None:
    assert console.ask("queue", "show") == []
    for command in (("retry",), ("retry", "chu-b.example"), ("release", "chu-b.example"), ("drop", "chu-b.example")):
        assert console.ask("queue", *command) == {"deliveries": 0, "inbox": 0}
    assert console.acts()[-4:] == [
        ("queue.retry", "*"),
        ("queue.retry", "chu-b.example"),
        ("queue.release", "chu-b.example"),
        ("queue.drop", "chu-b.example"),
    ]


def test_the_doctor_finds_a_fresh_instance_well(console: Console) -> None:
    found = {row["check"]: row["state"] for row in console.ask("doctor")}
    assert found == {"database": "ok", "queue inbox": "ok", "queue deliveries": "ok", "disk": "ok"}


def test_the_doctor_watches_a_peer_that_does_not_answer(console: Console) -> None:
    console.do("peer", "add", "localhost:1", "--organisation", "X", "--state", "active")
    found = {row["check"]: row for row in console.ask("doctor")}
    assert found["peer localhost:1"]["state"] == "watch"


def test_what_is_held_for_a_host_is_shown_released_and_dropped(console: Console) -> None:
    address = os.environ["CONFRERE_DATABASE"]
    asyncio.run(insert_delivery(address, "chu-b.example", state="held"))
    asyncio.run(insert_held_item(address))
    rows = console.ask("queue", "show")
    assert [row["queue"] for row in rows] == ["inbox", "deliveries"]
    for row in rows:
        assert (row["host"], row["state"], row["waiting"]) == ("chu-b.example", "held", 1)
        assert row["reason"] == "peer_quarantined"
    received, sent = console.ask("queue", "show", "chu-b.example")
    assert (received["what"], received["state"], received["reason"]) == ("received", "held", "peer_quarantined")
    assert (received["bytes"] > 0, sent["what"], sent["item"]) == (True, "delivery", "")
    assert console.ask("queue", "release", "chu-c.example") == {"deliveries": 0, "inbox": 0}
    for host, item in (("chu-c.example", received["item"]), ("chu-b.example", "1")):
        for command in ("release", "drop"):
            assert console.ask("queue", command, host, "--item", item) == {"deliveries": 0, "inbox": 0}
    assert console.ask("queue", "release", "chu-b.example") == {"deliveries": 1, "inbox": 1}
    assert {row["state"] for row in console.ask("queue", "show")} == {"due"}
    assert console.ask("queue", "drop", "chu-b.example") == {"deliveries": 0, "inbox": 0}


@pytest.mark.parametrize("command", ["release", "drop"])
def test_one_held_item_is_released_or_dropped_alone(console: Console, command: str) -> None:
    address = os.environ["CONFRERE_DATABASE"]
    asyncio.run(insert_delivery(address, "chu-b.example", state="held"))
    asyncio.run(insert_held_item(address))
    item = console.ask("queue", "show", "chu-b.example")[0]["item"]
    assert console.ask("queue", command, "chu-b.example", "--item", item) == {"deliveries": 0, "inbox": 1}
    left = {"release": [("received", "due"), ("delivery", "held")], "drop": [("delivery", "held")]}[command]
    assert [(one["what"], one["state"]) for one in console.ask("queue", "show", "chu-b.example")] == left


def test_deletions_that_are_not_confirmed_are_listed(console: Console) -> None:
    uri, host = "http://localhost:8000/ap/objects/9", "chu-b.example"
    asyncio.run(insert_deletion(os.environ["CONFRERE_DATABASE"], uri, host))
    (row,) = console.ask("queue", "show")
    assert (row["queue"], row["host"], row["state"], row["waiting"]) == ("deletions", host, "sent", 1)
    (told,) = console.ask("queue", "show", host)
    assert (told["what"], told["about"], told["state"]) == ("deletion", uri, "sent")
    asyncio.run(insert_delivery(os.environ["CONFRERE_DATABASE"], host, state="held"))
    assert [(one["what"], one["state"]) for one in console.ask("queue", "show", host)] == [
        ("delivery", "held"),
        ("deletion", "sent"),
    ]
    assert console.ask("queue", "show", "chu-c.example") == []


async def insert_deletion(address: str, uri: str, host: str) -> None:
    async def unit(tx: Transaction) -> None:
        await deliveries.insert_receipts(tx, [(uri, host, f"https://{host}/inbox")], now=6)
        await receipts.mark_retracted(tx, uri, now=7)

    db = await connect(address)
    await db.transact(unit)
    await db.close()


async def insert_held_item(address: str) -> None:
    item = InboxItem(
        id=3,
        host="chu-b.example",
        signer="https://chu-b.example/ap/actors/1",
        activity_uri="https://chu-b.example/ap/activities/2",
        type="Create",
        digest="x",
        body=b"{}",
        state="held",
        attempts=1,
        due_at=1,
        lease_owner="",
        reason="peer_quarantined",
        received_at=1,
    )
    db = await connect(address)
    await db.transact(lambda tx: inbox.insert_item(tx, item))
    await db.close()


def test_the_doctor_watches_agreements_that_end(console: Console) -> None:
    today = datetime.now(UTC).date()
    for host, starts, until in (("1", -9, 90), ("2", -9, 60), ("3", -9, -1), ("4", 1, 90)):
        dates = ("--from", f"{today + timedelta(days=starts)}", "--until", f"{today + timedelta(days=until)}")
        console.do(
            "peer", "add", f"localhost:{host}", "--organisation", "O", "--state", "active", "--agreement", "1", *dates
        )
    result = console.run("doctor", "--json")
    found = {row["check"]: row["state"] for row in orjson.loads(result.stdout) if row["check"].startswith("agreement")}
    assert found == {
        "agreement localhost:1": "ok",
        "agreement localhost:2": "watch",
        "agreement localhost:3": "wrong",
        "agreement localhost:4": "wrong",
    }
    assert result.exit_code == 1


def test_the_doctor_finds_a_queue_that_nobody_works(console: Console) -> None:
    asyncio.run(insert_delivery(os.environ["CONFRERE_DATABASE"], "chu-b.example"))
    result = console.run("doctor", "--json")
    assert result.exit_code == 1
    assert '"check": "queue deliveries", "state": "wrong"' in result.stdout


def test_a_decision_is_explained_in_words(console: Console) -> None:
    uri = "http://localhost:8000/ap/objects/9"
    asyncio.run(insert_decision(os.environ["CONFRERE_DATABASE"], uri))
    held, sent = console.ask("policy", "explain", uri)
    assert (held["host"], held["state"], held["rule"], held["version"]) == ("chu-b.example", "held", "state:x", 1)
    assert "quarantined" in held["reason"]
    assert (sent["host"], sent["state"]) == ("chu-c.example", "sent")
    assert "quarantaine" in console.run("policy", "explain", uri, LC_ALL="fr_FR.UTF-8").stdout


async def insert_decision(address: str, uri: str) -> None:
    async def unit(tx: Transaction) -> None:
        outcome = Outcome("hold", "state:x", "peer_quarantined", 1)
        await record(tx, point="delivery", object_uri=uri, host="chu-b.example", outcome=outcome, facts={}, now=5)
        await deliveries.insert_receipts(tx, [(uri, "chu-c.example", "https://chu-c.example/inbox")], now=6)

    db = await connect(address)
    await db.transact(unit)
    await db.close()


def test_a_group_is_set(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example", "--password", "correct horse battery")
    console.do("group", "add", "cardio", "--title", "Cardio", "--joining", "request", "--moderator", "claire")
    console.do(
        "group", "set", "cardio", "--profession", "physician", "--country", "FR", "--no-files", "--rule", "Poli."
    )
    (shown,) = console.ask("group", "list")
    assert (shown["professions"], shown["countries"], shown["files"]) == (["physician"], ["FR"], False)
    assert (shown["rules"], shown["case_days"]) == (["Poli."], 365)
    console.do("group", "set", "cardio", "--profession", "", "--rule", "", "--level", "register", "--hidden")
    (shown,) = console.ask("group", "list")
    assert (shown["professions"], shown["rules"], shown["level"], shown["listed"]) == ([], [], "register", False)
    assert "FR" in console.refuse("group", "set", "cardio", "--country", "France")


def test_a_group_whose_home_answers_is_not_declared_lost(console: Console) -> None:
    console.do("member", "add", "claire", "--email", "claire@chu-a.example")
    console.do("group", "add", "cardio", "--title", "Cardio", "--joining", "request", "--moderator", "claire")
    assert "undone" in console.refuse("group", "lost", "cardio")
    assert "seven days" in console.refuse("group", "lost", "cardio", "--yes")
    assert "no private group" in console.refuse("group", "lost", "claire", "--yes")
    assert "nobody known" in console.refuse("group", "lost", "cardio@chu-b.example", "--yes")


def test_a_group_is_looked_into_closed_and_purged(console: Console) -> None:
    for name, role in (("claire", "member"), ("chief", "admin")):
        mail = f"{name}@chu-a.example"
        console.do("member", "add", name, "--email", mail, "--password", "correct horse battery", "--role", role)
    console.do("group", "add", "cardio", "--title", "Cardio", "--joining", "request", "--moderator", "claire")
    look = ("group", "break-glass", "cardio", "--by")
    assert "hour" in console.refuse(*look, "chief")
    assert "role" in console.refuse(*look, "claire", "--reason", "x")
    assert "why" in console.refuse(*look, "chief", "--reason", " ")
    assert "nobody asks" in console.refuse(*look, "chief", "--approve")
    (notice,) = console.ask(*look, "chief", "--reason", "plainte")
    assert (notice["author"], "plainte" in notice["text"]) == ("@cardio", True)
    assert len(console.ask(*look, "chief")) == 1
    console.do("group", "close", "cardio")
    console.do("group", "close", "cardio", "--undo")
    assert "undone" in console.refuse("group", "purge", "cardio")
    console.do("group", "purge", "cardio", "--yes")
    (shown,) = console.ask("group", "list")
    assert (shown["closed"], shown["members"], shown["deletions"]) == ("purging", 0, [])
    assert "closed" in console.refuse("group", "set", "cardio", "--no-files")
    acts = {row["act"] for row in console.ask("audit", "show")}
    assert {"group.break_glass", "group.read", "group.archive", "group.reopen", "group.purge"} <= acts
