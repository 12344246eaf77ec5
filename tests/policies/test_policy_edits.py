"""Edits of peers: what was asked changes, every other byte of the text stays."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.edits import Setting, add_peer, closed_network, remove_peer, set_peer
from policies.rules import RulesetError, parse
from policies.ruleset import Agreement
from policies.terms import PeerState

AGREEMENT = Agreement('2026-"014"', date(2026, 1, 10), date(2027, 1, 10))
TEXT = """\
# ours
[instance]
organisation = "A" # us

# the neighbour
[peers."b.example"]   # B
organisation = "CHU B"
# why: since 2024
state = "active"      # since March
  direction = "both"

[peers."b.example".agreement]
reference = "1"
from = 2026-01-01
until = 2026-12-31

# the other
[peers."c.example"]
state = "trial"
organisation = "C"
"""


def test_add_puts_the_peer_at_the_end() -> None:
    added = add_peer(TEXT, "d.example", organisation='D "x"', state=PeerState.ACTIVE, agreement=AGREEMENT)
    assert added == TEXT + (
        '\n[peers."d.example"]\norganisation = "D \\"x\\""\nstate = "active"\n'
        'agreement = { reference = "2026-\\"014\\"", from = 2026-01-10, until = 2027-01-10 }\n'
    )
    assert parse(added).peers["d.example"].agreement == AGREEMENT
    assert add_peer(TEXT.rstrip(), "e.example", organisation="E", state=PeerState.PROPOSED).endswith(
        'organisation = "C"\n\n[peers."e.example"]\norganisation = "E"\nstate = "proposed"\n'
    )


def test_set_replaces_in_place_and_keeps_comments() -> None:
    edited = set_peer(TEXT, "b.example", {"state": "suspended", "direction": "in"})
    assert edited == TEXT.replace('"active" ', '"suspended" ').replace('"both"', '"in"')


def test_set_adds_at_the_end_of_the_peers_table() -> None:
    numbered = set_peer(TEXT, "b.example", {"retention_days": 365})
    assert parse(numbered).peers["b.example"].retention_days == 365
    called = set_peer(TEXT, "b.example", {"contacts": ['Zoé, "DPO"', "0199000000"]})
    assert parse(called).peers["b.example"].contacts == ('Zoé, "DPO"', "0199000000")
    edited = set_peer(TEXT, "b.example", {"audiences": {"group": "deny"}, "onward": "deny"})
    added = 'audiences = { group = "deny" }\nonward = "deny"\n'
    assert edited == TEXT.replace('  direction = "both"\n', '  direction = "both"\n' + added)


def test_set_replaces_a_table_by_one_line_and_takes_settings_out() -> None:
    edited = set_peer(TEXT, "b.example", {"agreement": AGREEMENT, "direction": None})
    written = 'agreement = { reference = "2026-\\"014\\"", from = 2026-01-10, until = 2027-01-10 }\n'
    assert edited == TEXT.replace('  direction = "both"\n', written).replace(
        '[peers."b.example".agreement]\nreference = "1"\nfrom = 2026-01-01\nuntil = 2026-12-31\n\n', ""
    )
    assert set_peer(edited, "b.example", {"agreement": None, "onward": None}) == edited.replace(written, "")


def test_remove_takes_the_whole_peer_and_nothing_else() -> None:
    start, end = TEXT.index('[peers."b.example"]'), TEXT.index("# the other")
    assert remove_peer(TEXT, "b.example") == TEXT[:start] + "\n" + TEXT[end:]
    last = remove_peer(TEXT, "c.example")
    assert last == TEXT[: TEXT.index('[peers."c.example"]')]
    assert parse(remove_peer(last, "b.example")).peers == {}


def test_layouts_in_which_a_peer_has_no_table_of_its_own() -> None:
    dotted = (
        '[instance]\norganisation = "A"\n[peers]\n"b.example".organisation = "B"\n"b.example".state = "active" # x\n'
    )
    assert set_peer(dotted, "b.example", {"state": "trial"}) == dotted.replace('"active"', '"trial"')
    assert parse(remove_peer(dotted, "b.example")).peers == {}
    with pytest.raises(RulesetError, match="only a person can edit"):
        set_peer(dotted, "b.example", {"direction": "in"})
    inline = '[instance]\norganisation = "A"\n[peers]\n"b.example" = { organisation = "B", state = "active" }'
    with pytest.raises(RulesetError, match="only a person can edit"):
        set_peer(inline, "b.example", {"state": "trial"})
    with pytest.raises(RulesetError, match="only a person can edit"):
        set_peer(inline, "b.example", {"direction": "in"})
    assert parse(remove_peer(inline, "b.example")).peers == {}
    whole = 'instance = { organisation = "A" }\npeers = { "b.example" = { organisation = "B", state = "active" } }\n'
    with pytest.raises(RulesetError, match="only a person can edit"):
        remove_peer(whole, "b.example")
    with pytest.raises(RulesetError, match="only a person can edit"):
        _add(whole, "c.example")
    sub = '[instance]\norganisation = "A"\n[peers]\n[peers.b.audiences]\ngroup = "deny"\n[peers.b]\nstate = "trial"\norganisation = "B"'
    assert parse(set_peer(sub, "b", {"direction": "in"})).peers["b"].direction.value == "in"


@pytest.mark.parametrize(
    ("host", "settings", "message"),
    [
        ("b.example", {"state": "activ"}, "must be one of"),
        ("b.example", {"state": None}, "is missing"),
        ("b.example", {"colour": "red"}, "no such setting"),
        ("x.example", {"state": "active"}, "is not listed"),
    ],
)
def test_an_edit_gives_a_ruleset_or_is_refused(host: str, settings: dict[str, Setting | None], message: str) -> None:
    with pytest.raises(RulesetError, match=message):
        set_peer(TEXT, host, settings)


def test_other_refusals() -> None:
    with pytest.raises(RulesetError, match=r"line 6.*is listed already"):
        _add(TEXT, "b.example")
    with pytest.raises(RulesetError, match="is not listed"):
        remove_peer(TEXT, "x.example")
    with pytest.raises(RulesetError, match="must be a host name"):
        _add(TEXT, "https://x.example")
    with pytest.raises(RulesetError, match="not TOML"):
        _add("[instance", "x.example")


def test_an_edit_at_the_end_of_a_text_without_newline() -> None:
    bare = '[instance]\norganisation = "A"\n[peers.b]\norganisation = "B"\nstate = "trial"'
    assert set_peer(bare, "b", {"onward": "deny"}) == bare + '\nonward = "deny"\n'


hosts = st.sampled_from(["b.example", "c.example", "d.example", "localhost:3001"])
edits = st.lists(
    st.tuples(hosts, st.sampled_from(["add", "remove", "agreement", "state", "onward", "audiences"])), max_size=8
)


@settings(deadline=None)
@given(edits, st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1))
def test_edits_change_one_peer_and_no_other_line(steps: list[tuple[str, str]], name: str) -> None:
    text = closed_network("A") + "\n# kept\n[groups.g] # kept\nreach = 'active' # kept\n"
    organisation = f"{name}x"
    for host, act in steps:
        before = parse(text)
        if act == "add" and host not in before.peers:
            text = add_peer(text, host, organisation=organisation, state=PeerState.TRIAL)
            assert parse(text).peers[host].organisation == organisation
        elif host in before.peers:
            text = remove_peer(text, host) if act == "remove" else set_peer(text, host, {act: VALUES.get(act)})
        after = parse(text)
        assert {k: v for k, v in after.peers.items() if k != host} == {
            k: v for k, v in before.peers.items() if k != host
        }
        assert text.startswith(closed_network("A"))
        assert text.count("# kept") == 3


VALUES: dict[str, Setting] = {
    "agreement": AGREEMENT,
    "state": "active",
    "onward": "reach",
    "audiences": {"group": "hold"},
}


def _add(text: str, host: str) -> str:
    return add_peer(text, host, organisation="X", state=PeerState.TRIAL)
