"""The folder of files: names, durability, and what is never touched."""

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.media_store import MediaStore, name_of_source, open_store

LATER = 2**42  # unix ms: long after anything was put


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_equal_bytes_are_stored_once(store: MediaStore, tmp_path: Path) -> None:
    name = await store.put(b"pixels", "png")
    assert name == f"{sha256(b'pixels').hexdigest()}.png"
    assert await store.put(b"pixels", "png") == name
    found = store.find(name)
    assert found is not None
    assert found.read_bytes() == b"pixels"
    assert files_below(tmp_path) == [found]


async def test_what_comes_in_has_a_folder_until_it_is_moved_or_given_up(store: MediaStore, tmp_path: Path) -> None:
    async with store.incoming() as made:
        (made.path / "source").write_bytes(b"sound")
        name = await store.put_file(made.path / "source", "mp3")
        (made.path / "rest").write_bytes(b"rest")
    assert name == f"{sha256(b'sound').hexdigest()}.mp3"
    assert files_below(tmp_path) == [store.find(name)]
    assert not made.path.exists()
    async with store.incoming() as made:
        folder = await made.keep()
    assert store.folder(folder) == made.path
    assert made.path.is_dir()
    assert store.list_folders_before(LATER) == [folder]
    assert store.list_folders_before(0) == []
    await store.drop_folder(folder)
    assert store.list_folders_before(LATER) == []


@pytest.mark.parametrize("name", ["", "..", "a" * 31, "a" * 33, "../" + "a" * 29, "A" * 32])
def test_no_other_folder_is_meant(store: MediaStore, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a folder"):
        store.folder(name)


async def test_a_file_is_where_its_name_says_and_folders_stay_small(store: MediaStore, tmp_path: Path) -> None:
    name = await store.put(b"pixels", "webp")
    assert store.find(name) == tmp_path / "media" / name[:2] / name[2:4] / name


async def test_a_name_is_given_out_only_after_file_and_folders_are_synced(
    store: MediaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    for _ in range(2):  # the second finds the file there, put by somebody who may not have synced its folder yet
        name = await store.put(b"pixels", "png")
    folders = [tmp_path / "media" / name[:2] / name[2:4], tmp_path / "media" / name[:2], tmp_path / "media"]
    assert synced[0].parent == folders[0]
    assert synced[0].name != name
    assert synced[1:] == [*folders, *folders]


async def test_a_file_that_could_not_be_written_leaves_nothing(
    store: MediaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        await store.put(b"pixels", "png")
    assert files_below(tmp_path) == []


@example("/etc/passwd")
@example("../../../etc/passwd")
@given(st.one_of(st.text(), st.from_regex(r"(\.\./)*[a-z/.]{0,20}"), st.from_regex(r"[0-9a-f]{64}\.[a-z]{1,4}\n?")))
def test_no_name_leads_out_of_the_store(name: str) -> None:
    assert MediaStore(Path("/")).find(name) is None


async def test_names_of_sources(store: MediaStore) -> None:
    name = name_of_source("avatar https://chu-b.example/a.png", "webp")
    assert store.find(name) is None
    await store.put_as(name, b"pixels")
    assert store.find(name) is not None
    with pytest.raises(ValueError, match="no name"):
        await store.put_as("../../etc/passwd", b"pixels")


async def test_delete_spares_what_was_put_just_now(store: MediaStore) -> None:
    """Its row may not be committed yet: whoever looked for names without rows could not see it."""
    name = await store.put(b"pixels", "png")
    path = store.find(name)
    assert path is not None
    assert not await store.delete(name, now=int(time.time() * 1000))
    os.utime(path, (0, 0))
    await store.put(b"pixels", "png")
    assert not await store.delete(name, now=int(time.time() * 1000))
    assert await store.delete(name, now=LATER)
    assert store.find(name) is None
    assert not await store.delete(name, now=LATER)


def test_open_store(tmp_path: Path) -> None:
    assert open_store(f"file://{tmp_path}/with%20space")._root == tmp_path / "with space"
    for address in ("s3://bucket", "file://host/folder", "media", "file:media"):
        with pytest.raises(ValueError, match="media must begin with file:///"):
            open_store(address)
