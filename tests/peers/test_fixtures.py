"""Every document of other programs in the reference, taken as its program would send it: what each becomes here."""

import csv
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import Addresses
from tests.federation.home import open_home
from tests.peers import plays
from tests.peers.plays import BY_TYPE, Play
from tests.peers.stage import open_stage

ROOT = Path(__file__).parents[2]

# Where the type alone does not say it: examples without their activity, and actors named by id.
BY_FILE: Mapping[str, Play] = {
    "fep/9967_note_2.json": plays.voted,
    "gotosocial/posts_doc_1.json": plays.voted,
    "gotosocial/posts_doc_2.json": plays.voted,
    "mastodon/create_vote.json": plays.voted,
    "mastodon/spec_doc_create_5.json": plays.voted,
    "mastodon/spec_doc_create_6.json": plays.voted,
    "lemmy/activities__deletion__delete_user.json": plays.erased,
    "mastodon/collections__featured.json": plays.pinned,
    "mastodon/featured_embedded.json": plays.pinned,
    "gotosocial/actors_doc_orderedcollection_6.json": plays.pinned,
    "gotosocial/actors_doc_orderedcollection_7.json": plays.pinned,
    "proposed/announce_create.json": plays.group_announced,
}

# What is left alone, as FEDERATION.md calls it.
COLLECTIONS = "Collections"
ELSEWHERE = "`Add`, `Remove` elsewhere"
LEFT_ALONE: Mapping[str, str] = {
    "bookwyrm/quotation.json": "`Quotation`",
    "bookwyrm/replies.json": COLLECTIONS,
    "fep/171b_container_1.json": ELSEWHERE,
    "fep/171b_container_2.json": COLLECTIONS,
    "fep/7458_replies_3.json": ELSEWHERE,
    "fep/7628_move_2.json": "`Move` by the new actor",
    "fep/7888_context_2.json": "Documents without a type",
    "fep/7888_context_3.json": "Documents without a type",
    "fep/7888_context_4.json": "Documents without a type",
    "friendica/activities__dislike_page.json": "`Dislike`",
    "generic/collection_page_embedded.json": COLLECTIONS,
    "generic/collection_page_ref.json": COLLECTIONS,
    "gotosocial/actors_doc_1.json": COLLECTIONS,
    "gotosocial/actors_doc_2.json": COLLECTIONS,
    "gotosocial/actors_doc_3.json": COLLECTIONS,
    "gotosocial/actors_doc_4.json": COLLECTIONS,
    "gotosocial/actors_doc_orderedcollection_1.json": COLLECTIONS,
    "gotosocial/actors_doc_orderedcollection_3.json": COLLECTIONS,
    "gotosocial/actors_doc_orderedcollection_4.json": COLLECTIONS,
    "gotosocial/actors_doc_orderedcollection_8.json": COLLECTIONS,
    "gotosocial/policy_doc_1.json": "`Accept`, `Reject` of a post",
    "gotosocial/policy_doc_2.json": "`Accept`, `Reject` of a post",
    "gotosocial/policy_doc_3.json": "`LikeApproval`, `ReplyApproval`",
    "gotosocial/policy_doc_4.json": "`LikeApproval`, `ReplyApproval`",
    "lemmy/activities__block__block_user.json": "`Block` with `target`",
    "lemmy/activities__block__undo_block_user.json": "`Block` with `target`",
    "lemmy/activities__community__add_featured_post.json": ELSEWHERE,
    "lemmy/activities__community__add_mod.json": ELSEWHERE,
    "lemmy/activities__community__lock_page.json": "`Lock`",
    "lemmy/activities__community__remove_mod.json": ELSEWHERE,
    "lemmy/activities__community__update_community.json": "`Update` of another actor",
    "lemmy/activities__deletion__remove_note.json": "`Delete` by a moderator",
    "lemmy/activities__deletion__undo_delete_page.json": "`Undo` of `Delete`",
    "lemmy/activities__voting__dislike_page.json": "`Dislike`",
    "lemmy/collections__group_featured_posts.json": COLLECTIONS,
    "lemmy/collections__group_followers.json": COLLECTIONS,
    "lemmy/collections__group_moderators.json": COLLECTIONS,
    "lemmy/collections__group_outbox.json": COLLECTIONS,
    "mastodon/announce_private.json": "`Announce` of what is not public",
    "mastodon/followers_closed.json": COLLECTIONS,
    "mbin/announce_add_pinned.json": "`Announce` of `Add`",
    "mobilizon/invite.json": "`Invite`, `Join`, `Leave`",
    "mobilizon/join.json": "`Invite`, `Join`, `Leave`",
    "mobilizon/leave.json": "`Invite`, `Join`, `Leave`",
    "mobilizon/members.json": COLLECTIONS,
    "nodebb/context.json": "`Conversation`",
    "proposed/credential.json": "A credential by itself",
}


def list_fixtures(folder: Path) -> dict[str, str]:
    """Every file of the reference, and what its index says that it is."""
    rows = csv.DictReader((folder / "INDEX.tsv").read_text().splitlines(), delimiter="\t")
    return {row["file"]: row["type"] for row in rows}


def play_of(name: str, kind: str) -> Play:
    return plays.ignored if name in LEFT_ALONE else BY_FILE.get(name) or BY_TYPE[kind]


async def test_each_becomes_what_it_should(addresses: Addresses, tmp_path: Path, reference: Path) -> None:
    """All are tried before the first failure is told; on PostgreSQL every fourth, since SQL has tests of its own."""
    folder = reference / "fixtures"
    fixtures = list_fixtures(folder)
    if addresses.engine == "postgresql":
        fixtures = dict(list(fixtures.items())[::4])
    failures: list[Exception] = []
    async with open_home(addresses, tmp_path) as home, open_stage(home, len(fixtures)) as stage:
        for name, kind in fixtures.items():
            scene = await stage.scene()
            try:
                await play_of(name, kind)(scene, scene.load(folder / name))
            except Exception as failure:  # noqa: BLE001 - told below, with the others
                failure.add_note(f"{name}, {kind}")
                failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(fixtures)} documents", failures)


def test_most_change_something(reference: Path) -> None:
    """And the table speaks of files that are there."""
    fixtures = list_fixtures(reference / "fixtures")
    assert fixtures.keys() >= LEFT_ALONE.keys() | BY_FILE.keys()
    assert len(fixtures.keys() - LEFT_ALONE.keys()) >= 180


def test_what_is_left_alone_is_said_with_its_reason() -> None:
    section = (ROOT / "FEDERATION.md").read_text().partition("### Left alone")[2].partition("\n### ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert {row[0] for row in rows[1:]} == set(LEFT_ALONE.values())
    assert all(len(row) == 2 for row in rows)
