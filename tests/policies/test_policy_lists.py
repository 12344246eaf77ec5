"""What follows from a trusted list by itself, and what an admin must see."""

from datetime import date

import pytest

from policies.decision import Allow, Reason
from policies.lists import Entry, FederationList, Merged, may_take, merge, own_list
from policies.rules import RulesetError, parse
from policies.ruleset import TrustedList, peer_standing
from policies.terms import PeerState

KEY = "z6Mk" + "w" * 44
UNTIL = date(2027, 1, 1)
TEXT = f"""\
[instance]
organisation = "A"
# by hand
[peers."own.example"]
organisation = "Own"
state = "active"
[peers."listed.example"]
organisation = "Listed"
state = "active"
list = "l"
[peers."shut.example"]
organisation = "Shut"
state = "suspended"
list = "l"
[peers."dropped.example"]
organisation = "Dropped"
state = "active"
list = "l"
[lists.l]
key = "{KEY}"
version = 2
"""
KEPT = {
    "listed.example": Entry("Listed", PeerState.ACTIVE),
    "shut.example": Entry("Shut", PeerState.SUSPENDED),
    "dropped.example": Entry("Dropped", PeerState.ACTIVE),
}


def merged(entries: dict[str, Entry]) -> Merged:
    return merge(TEXT, FederationList("l", 3, UNTIL, entries))


def test_a_list_that_says_what_we_know_changes_its_date_alone() -> None:
    found = merged(KEPT)
    assert found == Merged(TEXT.replace("version = 2", "version = 3") + "until = 2027-01-01\n")


def test_new_hosts_are_added_and_those_of_the_list_follow_it() -> None:
    found = merged(
        KEPT
        | {
            "new.example": Entry("New", PeerState.ACTIVE, "FINESS 2"),
            "listed.example": Entry("Named anew", PeerState.TRIAL),
        }
    )
    peers = parse(found.text).peers
    assert (peers["new.example"].list, peers["new.example"].identifier) == ("l", "FINESS 2")
    assert (peers["listed.example"].organisation, peers["listed.example"].state) == ("Named anew", PeerState.TRIAL)
    assert found.conflicts == ()
    assert "# by hand" in found.text


def test_where_our_own_rules_say_something_else_nothing_changes_by_itself() -> None:
    """Also where the list would open again what we have shut."""
    entries = KEPT | {"own.example": Entry("Own", PeerState.SUSPENDED), "shut.example": Entry("Shut", PeerState.ACTIVE)}
    found = merged(entries)
    assert found.conflicts == ("own.example", "shut.example")
    before, after = parse(found.text).peers, parse(found.draft).peers
    assert (before["own.example"].state, before["shut.example"].state) == (PeerState.ACTIVE, PeerState.SUSPENDED)
    assert (after["own.example"].state, after["shut.example"].state) == (PeerState.SUSPENDED, PeerState.ACTIVE)


def test_a_host_that_the_list_has_dropped_is_quarantined() -> None:
    found = merged({host: entry for host, entry in KEPT.items() if host != "dropped.example"})
    assert parse(found.text).peers["dropped.example"].state is PeerState.QUARANTINED
    assert parse(found.text).peers["own.example"].state is PeerState.ACTIVE


def test_a_list_that_is_over_or_older_is_not_taken() -> None:
    trusted = TrustedList(KEY, 3)
    assert isinstance(may_take(FederationList("l", 3, UNTIL, {}), trusted, UNTIL), Allow)
    late = may_take(FederationList("l", 4, UNTIL, {}), trusted, date(2027, 1, 2))
    old = may_take(FederationList("l", 2, UNTIL, {}), trusted, UNTIL)
    assert [getattr(each, "reason", None) for each in (late, old)] == [Reason.LIST_EXPIRED, Reason.LIST_OLD]


def test_peers_of_a_list_that_is_over_fail_closed_unless_they_are_kept() -> None:
    text = TEXT + "until = 2027-01-01\n"
    over = date(2027, 1, 2)
    listed = peer_standing(parse(text), "listed.example", over)
    assert (listed.state, listed.cause, listed.key) == (PeerState.QUARANTINED, Reason.LIST_EXPIRED, "lists.l.until")
    assert peer_standing(parse(text), "listed.example", UNTIL).state is PeerState.ACTIVE
    assert peer_standing(parse(text), "own.example", over).state is PeerState.ACTIVE
    assert peer_standing(parse(text + 'on_expiry = "keep"\n'), "listed.example", over).state is PeerState.ACTIVE


def test_lists_that_cannot_be_written() -> None:
    with pytest.raises(RulesetError, match="is not listed"):
        merge(TEXT, FederationList("other", 3, UNTIL, {}))
    inline = f"instance = {{ organisation = 'A' }}\nlists = {{ l = {{ key = '{KEY}' }} }}\n"
    with pytest.raises(RulesetError, match="only a person can edit"):
        merge(inline, FederationList("l", 3, UNTIL, {}))


def test_our_own_list_names_who_is_active() -> None:
    found = own_list(parse(TEXT), "ours", 1, UNTIL)
    assert set(found.entries) == {"own.example", "listed.example", "dropped.example"}
