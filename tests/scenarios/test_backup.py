"""`confrere backup` and `confrere restore`: what is in the file, what it refuses, and that it comes back."""

import os
import signal
import tarfile
import time
from pathlib import Path

import orjson
import pytest

from storage.copies import copy_database, load_database
from storage.journal import Journal
from tests.conftest import Addresses
from tests.scenarios.commands import Console, Process

HOST = "localhost:8000"


@pytest.fixture
async def address(addresses: Addresses) -> str:
    return await addresses.new()


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")
    made = Console()
    made.do("init", "--host", HOST, "--organisation", "CHU A", "--development")
    made.do("member", "add", "anna", "--email", "anna@a.example")
    return made


def names(console: Console) -> list[str]:
    return sorted(row["name"] for row in console.ask("member", "list"))


def backup(console: Console, *more: str) -> Path:
    return Path(console.ask("backup", "copies", *more)["file"])


def test_an_instance_comes_back_with_its_files_and_what_was_taken_back_since(console: Console) -> None:
    picture = Path("media/aa/bb/" + "a" * 64 + ".png")
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    archive = backup(console)
    assert archive.stat().st_mode & 0o777 == 0o600
    console.do("member", "add", "late", "--email", "late@a.example")
    console.do("member", "disable", "anna")
    picture.unlink()

    assert "--overwrite" in console.refuse("restore", "copies")
    answer = console.ask("restore", "copies", "--overwrite")
    assert answer == {"file": str(archive), "whole": True, "replayed": answer["replayed"], "missed": []}
    assert answer["replayed"] >= 1
    assert names(console) == ["anna"]
    assert console.ask("member", "show", "anna")["disabled"]
    assert picture.read_bytes() == b"picture"
    assert ("instance.restore", HOST) in console.acts()
    assert console.ask("group", "unconfirmed") == []


def test_settings_come_back_where_there_are_none(console: Console) -> None:
    backup(console)
    for path in (Path("confrere.toml"), *Path().glob("confrere.sqlite3*")):
        path.unlink()
    console.do("restore", "copies")
    assert names(console) == ["anna"]
    assert Path("confrere.toml").stat().st_mode & 0o777 == 0o600


def test_what_is_in_the_file_and_what_is_not(console: Console) -> None:
    with tarfile.open(backup(console)) as tar:
        assert tar.getnames() == ["database", "settings.toml", "manifest.json"]
        member = tar.extractfile("manifest.json")
        assert member is not None
        manifest = orjson.loads(member.read())
    assert manifest["host"] == HOST
    assert manifest["engine"] == "sqlite"
    assert set(manifest["files"]) == {"database", "settings.toml"}
    assert list(Path("copies").glob(".*")) == []


def test_a_sealed_file_opens_with_its_passphrase_alone(console: Console) -> None:
    Path("key").write_text("correct horse\n")
    archive = backup(console, "--passphrase-file", "key")
    data = archive.read_bytes()
    assert b"SQLite format" not in data
    assert b"anna" not in data
    assert "passphrase" in console.refuse("restore", "copies", "--overwrite")
    assert "passphrase" in console.refuse("restore", "copies", "--overwrite", "--passphrase-file", "-", stdin="wrong")
    for changed in (data[:-1], data[:100] + bytes([data[100] ^ 1]) + data[101:], data[: 2 * (1 << 20) // 2]):
        archive.write_bytes(changed)
        assert "passphrase" in console.refuse("restore", "copies", "--overwrite", "--passphrase-file", "key")
    archive.write_bytes(data)
    console.do("restore", str(archive), "--overwrite", "--passphrase-file", "key")
    assert names(console) == ["anna"]


def test_a_file_that_is_not_what_its_manifest_says_is_refused(console: Console) -> None:
    archive = backup(console)
    data = archive.read_bytes()
    at = data.index(b"anna")
    archive.write_bytes(data[:at] + b"emma" + data[at + 4 :])
    assert "database" in console.refuse("restore", "copies", "--overwrite")
    archive.write_bytes(data[: len(data) // 2])
    assert "no whole backup" in console.refuse("restore", "copies", "--overwrite")
    archive.write_bytes(b"something else")
    assert "no whole backup" in console.refuse("restore", "copies", "--overwrite")
    archive.unlink()
    assert "no backup" in console.refuse("restore", "copies", "--overwrite")
    assert names(console) == ["anna"]


def test_a_file_cannot_be_written_outside(console: Console) -> None:
    with tarfile.open("evil.tar", "w") as tar:
        Path("x").write_text("x")
        tar.add("x", arcname="media/../../outside")
    assert "no whole backup" in console.refuse("restore", "evil.tar", "--overwrite")
    assert not Path("../outside").exists()


def test_another_instances_backup_is_refused(console: Console) -> None:
    backup(console)
    settings = Path("confrere.toml")
    settings.write_text(settings.read_text().replace(f'host = "{HOST}"', 'host = "localhost:9000"', 1))
    assert "localhost:9000" in console.refuse("restore", "copies", "--overwrite")


def test_a_restore_that_was_not_finished_serves_nothing_and_is_run_again(console: Console) -> None:
    backup(console)
    copy_database("sqlite:///confrere.sqlite3", Path("copy"))
    load_database("sqlite:///confrere.sqlite3", Path("copy"))
    assert "not finished" in console.refuse("check")
    assert "not finished" in console.refuse("serve")
    console.do("restore", "copies")
    console.do("check")


def test_a_journal_of_a_newer_version_is_not_half_understood(console: Console) -> None:
    backup(console)
    Journal(Path("journal"), lambda: int(time.time() * 1000)).append([("unheard of", {})])
    assert "unheard of" in console.refuse("restore", "copies", "--overwrite")
    console.do("check")


def test_without_the_journal_it_says_what_to_do(console: Console) -> None:
    console.do("group", "add", "cardio", "--title", "Cardio", "--joining", "request", "--moderator", "anna")
    backup(console)
    for path in Path("journal").iterdir():
        path.unlink()
    assert "group unconfirmed" in console.do("restore", "copies", "--overwrite")
    assert [row["waits_for"] for row in console.ask("group", "unconfirmed")] == ["`group confirm`"]
    console.do("group", "confirm", "cardio")
    assert console.ask("group", "unconfirmed") == []
    assert "nobody asked" in console.refuse("group", "confirm", "cardio")
    assert "a host" in console.refuse("group", "give-up", "cardio")


def test_the_journal_may_be_said_to_be_incomplete(console: Console) -> None:
    backup(console)
    assert console.ask("restore", "copies", "--overwrite")["whole"] is True
    assert console.ask("restore", "copies", "--overwrite", "--incomplete-journal")["whole"] is False


def test_servers_that_run_are_not_restored_under_their_feet(console: Console) -> None:
    backup(console)
    server = Process("serve", "--bind", "127.0.0.1:0")
    try:
        server.wait_for("serving")
        assert "stop the servers" in console.refuse("restore", "copies", "--overwrite")
        backup(console)  # while it runs
    finally:
        assert server.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("engine", ["postgresql"])
def test_postgresql_by_its_own_tools(console: Console, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFRERE_DATABASE", address)
    Path("confrere.toml").rename("used.toml")
    console.do("init", "--host", HOST, "--organisation", "CHU A", "--development")
    console.do("member", "add", "anna", "--email", "anna@a.example")
    archive = backup(console)
    console.do("member", "add", "late", "--email", "late@a.example")
    console.do("restore", str(archive), "--overwrite")
    assert names(console) == ["anna"]
    console.do("member", "add", "next", "--email", "next@a.example")
    monkeypatch.setenv("PATH", os.devnull)
    assert "psql is not installed" in console.refuse("backup", "copies")
    monkeypatch.delenv("CONFRERE_DATABASE")
    assert "database" in console.refuse("restore", str(archive), "--overwrite")
