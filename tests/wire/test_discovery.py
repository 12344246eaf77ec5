import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given

from federation.wire import discovery
from federation.wire.bounded import Document, parse_json
from federation.wire.discovery import (
    Instance,
    Jrd,
    NodeInfoLinks,
    Software,
    bound_handle,
    parse_jrd,
    parse_nodeinfo,
    parse_nodeinfo_links,
    parse_resource,
    render_host_meta_json,
    render_host_meta_xrd,
    render_jrd,
    render_nodeinfo,
    render_nodeinfo_links,
    render_service_jrd,
)
from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import Handle, Origin, parse_handle, parse_origin
from tests.wire.documents import documents, fuzz, refused, values, vectors

LOCAL = Origin("https", "local.test", 443)
BEN = Handle("ben", "local.test")
ACTOR = "https://local.test/ap/actors/1"
PAGE = "https://local.test/@ben"


def test_every_sample_binds_its_handle(reference: Path) -> None:
    samples = vectors(reference, "webfinger.json")["samples"]
    assert len(samples) == 7
    for sample in samples:
        subject = parse_handle(sample["jrd"]["subject"])
        (self_link, *_) = [link["href"] for link in sample["jrd"]["links"] if link["rel"] == "self"] or [""]
        jrd = parse_jrd(sample["jrd"])
        if self_link:
            assert bound_handle(jrd, subject, self_link).key == subject.key
        else:  # GNU social, before ActivityPub
            with refused(Fault.DISCOVERY_MISMATCH):
                bound_handle(jrd, subject, "https://gnusocial.de/user/249296")


def _body(exchange: dict[str, str]) -> bytes:
    return re.split(r"\r?\n\r?\n", exchange["raw_http_response"], maxsplit=1)[1].encode()


def _exchanges(reference: Path) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in vectors(reference, "webfinger.json")["http_exchanges"]}


@pytest.mark.parametrize(
    ("name", "asked", "actor"),
    [
        ("webfinger.txt", "gargron@quitter.no", "https://ap.example.com/users/foo"),
        ("activitypub-webfinger.txt", "foo@ap.example.com", "https://ap.example.com/users/foo"),
    ],
)
def test_honest_answers(reference: Path, name: str, asked: str, actor: str) -> None:
    jrd = parse_jrd(parse_json(_body(_exchanges(reference)[name])))
    assert bound_handle(jrd, parse_handle(asked), actor) == parse_handle(asked)
    with refused(Fault.DISCOVERY_MISMATCH):
        bound_handle(jrd, parse_handle(asked), actor + "0")


def test_xml_is_never_parsed(reference: Path) -> None:
    with refused(Fault.JSON_INVALID):
        parse_json(_body(_exchanges(reference)["localdomain-webfinger.txt"]))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("victim", ["gargron@quitter.no", "localhost@kickass.zone", "catsrgr8@quitter.no"])
@pytest.mark.parametrize("actor", ["https://quitter.no/user/7477", "https://kickass.zone/user/7477"])
def test_attacks_bind_nothing(reference: Path, number: int, victim: str, actor: str) -> None:
    jrd = parse_jrd(parse_json(_body(_exchanges(reference)[f"webfinger-hacker{number}.txt"])))
    with refused(Fault.DISCOVERY_MISMATCH):
        bound_handle(jrd, parse_handle(victim), actor)


def test_another_subject_has_to_be_asked() -> None:
    jrd = parse_jrd(render_jrd(Handle("ben", "handle.test"), ACTOR, PAGE, ""))
    assert bound_handle(jrd, BEN, ACTOR) == Handle("ben", "handle.test") != BEN


def test_an_answer_naming_two_actors_binds_none() -> None:
    with refused(Fault.DISCOVERY_MISMATCH):
        bound_handle(Jrd(BEN, (ACTOR, ACTOR + "2")), BEN, ACTOR)


def test_our_answer() -> None:
    document = render_jrd(BEN, ACTOR, PAGE, "https://local.test/authorize_interaction?uri={uri}")
    assert document["subject"] == "acct:ben@local.test"
    assert document["aliases"] == [PAGE, ACTOR]
    assert parse_jrd(document) == Jrd(BEN, (ACTOR,))
    assert discovery.JRD_TYPE == "application/jrd+json; charset=utf-8"
    assert discovery.OPEN_TO_SCRIPTS == {"Access-Control-Allow-Origin": "*"}


def test_our_instance_actor_is_found() -> None:
    (link,) = render_service_jrd(LOCAL, ACTOR)["links"]
    assert link == {
        "rel": "https://www.w3.org/ns/activitystreams#Service",
        "type": "application/activity+json",
        "href": ACTOR,
    }


def _status(query: str) -> int:
    """What an endpoint makes of `parse_resource`, for an instance where only ben and the instance itself exist."""
    resource = parse_qs(query, keep_blank_values=True).get("resource", [""])[0]
    try:
        asked = parse_resource(resource)
    except ProtocolError as error:
        return error.reason.status
    known = {"ben@local.test", "https://local.test/users/ben", PAGE, "https://local.test/"}
    return 200 if (asked.key if isinstance(asked, Handle) else asked) in known else 404


def test_the_rules_for_our_server(reference: Path) -> None:
    rules = vectors(reference, "webfinger.json")["server_rules"]
    assert len(rules) == 11
    for rule in rules:
        assert str(_status(rule["query"])) in str(rule["status"]), rule["query"][:80]


@pytest.mark.parametrize(
    "resource", ["", "ben", "acct:", "https://", "ftp://local.test/", "acct:b n@local.test", "x" * 5000]
)
def test_odd_resources_are_refused(resource: str) -> None:
    with pytest.raises(ProtocolError):
        parse_resource(resource)


@pytest.mark.parametrize(
    "document", [{}, {"subject": "https://local.test/"}, {"subject": "acct:ben"}, {"subject": 3}, {"links": "x"}]
)
def test_an_answer_needs_a_subject(document: Document) -> None:
    with refused(Fault.HANDLE_REFUSED):
        parse_jrd(document)


def test_only_activitypub_links_count() -> None:
    links = [
        {"rel": "self", "type": "text/html", "href": "https://local.test/1"},
        {"rel": "self", "type": ["application/activity+json"], "href": "https://local.test/2"},
        {"rel": "self", "type": "application/activity+json", "href": "javascript:x"},
        {"rel": "profile", "type": "application/activity+json", "href": "https://local.test/3"},
        {"rel": "self", "type": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"', "href": ACTOR},
        "x",
    ]
    assert parse_jrd({"subject": "acct:ben@local.test", "links": links}).actors == (ACTOR,)


def test_what_a_resource_may_be() -> None:
    assert parse_resource("https://a.example/@anna") == "https://a.example/@anna"
    assert parse_resource("acct:anna@a.example") == Handle("anna", "a.example")
    with refused(Fault.HANDLE_REFUSED):
        parse_resource("anna")


def test_nodeinfo_links_lead_back_to_the_host() -> None:
    ours = render_nodeinfo_links(Origin("https", "a.example", 443), "https://a.example/ap/actor")
    found = parse_nodeinfo_links(ours, "a.example")
    assert found == NodeInfoLinks("https://a.example/nodeinfo/2.1", "https://a.example/ap/actor")
    with refused(Fault.DISCOVERY_MISMATCH):
        parse_nodeinfo_links(ours, "b.example")


def test_host_meta() -> None:
    template = "https://local.test/.well-known/webfinger?resource={uri}"
    assert render_host_meta_json(LOCAL) == {"links": [{"rel": "lrdd", "template": template}]}
    xrd = render_host_meta_xrd(LOCAL)
    assert xrd.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
    )
    assert f'<Link rel="lrdd" template="{template}"/>' in xrd


def test_nodeinfo_links_are_those_of_the_example(reference: Path) -> None:
    example = vectors(reference, "nodeinfo.json")["well_known_example"]
    assert render_nodeinfo_links(LOCAL, "https://local.test/actor") == example
    assert parse_nodeinfo_links(example, "local.test") == NodeInfoLinks(
        "https://local.test/nodeinfo/2.1", "https://local.test/actor"
    )


def test_nodeinfo_of_others(reference: Path) -> None:
    samples = {one["name"]: one["document"] for one in vectors(reference, "nodeinfo.json")["samples"]}
    assert len(samples) == 6
    both = parse_nodeinfo_links(samples["both_versions.json"], "mobilizon.fr")
    assert both == NodeInfoLinks("https://mobilizon.fr/.well-known/nodeinfo/2.1", None)
    event = parse_nodeinfo_links(samples["wp-event-federation.json"], "event-federation.eu")
    assert event.instance_actor == "https://event-federation.eu/actor-relay"
    assert parse_nodeinfo_links(samples["regular.json"], "event-federation.eu").instance_actor is None
    with refused(Fault.DISCOVERY_MISMATCH):
        parse_nodeinfo_links(samples["older_versions.json"], "mobilizon.fr")
    assert parse_nodeinfo(samples["data.json"]) == Software("Mobilizon", "5.1.0")
    assert parse_nodeinfo(samples["wp-data.json"]) == Software("wordpress", "6.4.2")


@pytest.mark.parametrize(
    "href", ["https://evil.example/2.0", "http://127.0.0.1/2.0", "https://x.local.test/", "x", None]
)
def test_nodeinfo_elsewhere_is_not_followed(href: object) -> None:
    links = [{"rel": discovery.NODEINFO_REL + "2.0", "href": href}]
    with refused(Fault.DISCOVERY_MISMATCH):
        parse_nodeinfo_links({"links": links}, "local.test")


@pytest.mark.parametrize("version", discovery.NODEINFO_VERSIONS)
def test_our_nodeinfo(version: str) -> None:
    document = render_nodeinfo(version, Instance("0.1.0", "CHU A", open_registrations=False, users=None, posts=None))
    assert document["version"] == version
    assert document["software"] == {"name": "confrere", "version": "0.1.0"}
    assert document["metadata"]["upstream"] == {"name": "mastodon"}
    assert document["usage"] == {"users": {}}
    assert parse_nodeinfo(document) == Software("confrere", "0.1.0")


def test_counts_are_told_where_policy_allows() -> None:
    document = render_nodeinfo("2.1", Instance("0.1.0", "CHU A", open_registrations=True, users=3, posts=0))
    assert document["usage"] == {"users": {"total": 3}, "localPosts": 0}


@pytest.mark.parametrize("document", [{}, {"software": "x"}, {"software": {}}, {"software": {"name": 3}}])
def test_nodeinfo_without_software(document: Document) -> None:
    with refused(Fault.SHAPE):
        parse_nodeinfo(document)


@fuzz
@given(documents, values)
def test_any_document_is_read_or_refused(document: Document, value: Any) -> None:
    links = [{"rel": "self", "type": value, "href": value}, {"rel": discovery.NODEINFO_REL + "2.0", "href": value}]
    for candidate in (document, {**document, "links": value}, {"subject": "acct:a@b.example", "links": links}):
        for parse in (parse_jrd, parse_nodeinfo, lambda one: parse_nodeinfo_links(one, "a.example")):
            try:
                parse(candidate)
            except ProtocolError:
                continue


@fuzz
@given(values)
def test_any_text_is_a_resource_or_refused(value: Any) -> None:
    if isinstance(value, str):
        try:
            asked = parse_resource(value)
        except ProtocolError:
            return
        assert isinstance(asked, Handle) or parse_origin(asked)
