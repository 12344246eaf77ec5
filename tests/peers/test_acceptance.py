"""Every golden document passes what each family of programs asks of it; and each of those rules can be broken."""

from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import pytest

from storage.media_store import MediaStore
from tests.federation.home import Home
from tests.federation.peer import Peer
from tests.peers.rules import GARBAGE, Document, Tables, kinds, problems
from tests.peers.sent import record

_FAMILY_NAMES = "mastodon gotosocial lemmy akkoma misskey pixelfed peertube friendica wordpress snac2 takahe hollo"
FAMILIES = _FAMILY_NAMES.split()
GOLDEN = {path.stem: orjson.loads(path.read_bytes()) for path in (Path(__file__).parent / "golden").glob("*.json")}


def family(name: str) -> Any:
    return import_module(f"tests.peers.{name}")


def parts(tables: Tables) -> list[tuple[str, str, Document]]:
    """What of all that we send each table is about."""
    return [(name, kind, part) for name, document in GOLDEN.items() for kind, part in kinds(document) if kind in tables]


@pytest.mark.parametrize("name", FAMILIES)
def test_what_we_send_is_accepted(name: str) -> None:
    tables: Tables = family(name).TABLES
    found = parts(tables)
    assert {kind for _, kind, _ in found} == set(tables), "a table that nothing is held to"
    wrong = {f"{document} ({kind})": list(problems(tables[kind], part)) for document, kind, part in found}
    assert {about: what for about, what in wrong.items() if what} == {}


@pytest.mark.parametrize("name", FAMILIES)
def test_no_rule_accepts_everything(name: str) -> None:
    tables: Tables = family(name).TABLES
    for _, kind, part in parts(tables):
        for field in tables[kind]:
            assert list(problems(tables[kind], part | {field: GARBAGE})), f"{kind}.{field}"


def test_a_private_groups_post_is_for_those_alone_who_declare_the_profile() -> None:
    """Nothing in it, nor in posts for fewer than everybody, says where something about it is listed."""
    for name in ("group_announce", "create_followers", "create_direct"):
        post = GOLDEN[name]["object"].get("object", GOLDEN[name]["object"])
        text = orjson.dumps(post).decode()
        assert post["type"] == "Note"
        for hidden in ("#Public", "/replies", "/likes", "/shares", "/contexts/", "blurhash"):
            assert hidden not in text, name


def test_the_handle_leads_to_the_actor_and_back() -> None:
    """WebFinger's loop, by Mastodon's `check_webfinger!`."""
    actor, jrd = GOLDEN["actor_person"], GOLDEN["webfinger"]
    assert jrd["subject"] == f"acct:{actor['webfinger']}"
    assert actor["webfinger"].startswith(f"{actor['preferredUsername']}@")
    (link,) = [link for link in jrd["links"] if link["rel"] == "self"]
    assert link["href"] == actor["id"]
    assert {actor["id"], actor["url"]} == set(jrd["aliases"])


def test_the_instance_is_found_by_all_three_ways() -> None:
    """FEP-d556 by WebFinger, FEP-2677 by NodeInfo's links, FEP-844e from each actor; and FEP-f1d5's NodeInfo itself."""
    instance = GOLDEN["actor_application"]["id"]
    services = [link["href"] for link in GOLDEN["webfinger_service"]["links"] if link["rel"].endswith("#Service")]
    links = {link["rel"]: link["href"] for link in GOLDEN["nodeinfo_links"]["links"]}
    assert services == [links["https://www.w3.org/ns/activitystreams#Application"]] == [instance]
    for name in ("actor_person", "actor_service", "actor_group", "actor_stub"):
        assert GOLDEN[name]["generator"]["id"] == instance
        assert GOLDEN[name]["generator"]["implements"]
    for version in ("2.0", "2.1"):
        assert links[f"http://nodeinfo.diaspora.software/ns/schema/{version}"].endswith(f"/nodeinfo/{version}")
        assert GOLDEN[f"nodeinfo_{version.replace('.', '_')}"]["version"] == version
    template = GOLDEN["host_meta_json"]["links"][0]["template"]
    assert template == "https://chu-a.example/.well-known/webfinger?resource={uri}"
    assert template in GOLDEN["host_meta"]["text"]


def test_who_wants_to_be_found_says_so() -> None:
    """FEP-5feb: only a person who chose it."""
    told = {name: GOLDEN[name]["indexable"] for name in ("actor_person", "actor_service", "actor_group")}
    assert told == {"actor_person": True, "actor_service": False, "actor_group": False}


async def test_a_delivery_is_signed_as_all_of_them_ask(home: Home, peer: Peer, files: MediaStore) -> None:
    """By draft-cavage first; what each requires to be covered is covered."""
    made = await record(home, peer, files)
    signature = dict(part.split("=", 1) for part in made.headers["signature"].split(","))
    covered = set(signature["headers"].strip('"').split())
    for name in FAMILIES:
        assert covered >= family(name).COVERED, name
    assert signature["algorithm"] == '"rsa-sha256"'
    assert made.headers["content-type"] == "application/activity+json"
    assert made.headers["digest"].startswith("SHA-256=")
    assert {"date", "host", "user-agent"} <= set(made.headers)
