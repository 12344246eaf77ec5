"""Reading a ruleset: all mistakes at once, each on its line, with what was perhaps meant."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.edits import closed_network
from policies.rules import Mistake, RulesetError, parse
from policies.ruleset import (
    Agreement,
    Direction,
    GroupRule,
    Limits,
    Network,
    OnExpiry,
    OnListExpiry,
    Onward,
    Peer,
    Reach,
    Ruleset,
    Sharing,
    Strangers,
    Treatment,
    TrustedList,
)
from policies.terms import Audience, Level, Part, PeerState

WHOLE = """
[instance]
organisation = "CHU A"
network = "open"
verified_from = "institution"
strangers = "deny"
two_person = true

[audiences]
public = "allow"
unlisted = "hold"
followers = "verified"
direct = "verified"
group = "members"

[peers."chu-b.example"]
organisation = "CHU B"
identifier = "FINESS 990000002"
contacts = ["Data protection, dpo@chu-b.example", "0199000000"]
state = "active"
agreement = { reference = "2026-014", from = 2026-01-10, until = 2027-01-10 }
direction = "in"
audiences = { group = "deny" }
onward = "reach"
accept_levels_from = "register"
kinds = { media = "strip", polls = "allow", reports = "deny" }
limits = { new_members_per_day = 2, held = 10 }
retention_days = 365
on_expiry = "suspend"
list = "regional"

[peers."localhost:3001"]
organisation = "C"
state = "trial"

[groups.cardiologie]
reach = ["chu-b.example", "societe-cardio.example"]
verified_from = "register"
professions = ["physician"]
specialties = ["cardiology"]

[groups.interne]
reach = "instance"

[lists.regional]
key = "z6Mkwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
version = 3
until = 2027-01-01
on_expiry = "keep"
"""


def mistakes(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(RulesetError) as caught:
        parse(text)
    return [(each.line, each.key, each.suggestion) for each in caught.value.mistakes]


def test_every_setting_is_read() -> None:
    assert parse(WHOLE) == Ruleset(
        organisation="CHU A",
        network=Network.OPEN,
        verified_from=Level.INSTITUTION,
        strangers=Strangers.DENY,
        two_person=True,
        audiences={
            Audience.PUBLIC: Sharing.ALLOW,
            Audience.UNLISTED: Sharing.HOLD,
            Audience.FOLLOWERS: Sharing.VERIFIED,
            Audience.DIRECT: Sharing.VERIFIED,
            Audience.GROUP: Sharing.MEMBERS,
        },
        peers={
            "chu-b.example": Peer(
                host="chu-b.example",
                organisation="CHU B",
                identifier="FINESS 990000002",
                contacts=("Data protection, dpo@chu-b.example", "0199000000"),
                state=PeerState.ACTIVE,
                agreement=Agreement("2026-014", date(2026, 1, 10), date(2027, 1, 10)),
                direction=Direction.IN,
                audiences={Audience.GROUP: Sharing.DENY},
                onward=Onward.REACH,
                accept_levels_from=Level.REGISTER,
                kinds={Part.MEDIA: Treatment.STRIP, Part.REPORTS: Treatment.DENY},
                limits=Limits(new_members_per_day=2, held=10, held_days=14),
                retention_days=365,
                on_expiry=OnExpiry.SUSPEND,
                list="regional",
            ),
            "localhost:3001": Peer(
                host="localhost:3001", organisation="C", state=PeerState.TRIAL, accept_levels_from=Level.INSTITUTION
            ),
        },
        groups={
            "cardiologie": GroupRule(
                reach=frozenset({"chu-b.example", "societe-cardio.example"}),
                verified_from=Level.REGISTER,
                professions=frozenset({"physician"}),
                specialties=frozenset({"cardiology"}),
            ),
            "interne": GroupRule(reach=Reach.INSTANCE),
        },
        lists={
            "regional": TrustedList(
                "z6Mkwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww", 3, date(2027, 1, 1), OnListExpiry.KEEP
            )
        },
    )


def test_what_is_not_said_is_the_narrow_choice() -> None:
    ruleset = parse('[instance]\norganisation = "A"\n[peers."b.example"]\norganisation = "B"\nstate = "active"\n')
    assert ruleset == Ruleset(
        organisation="A",
        network=Network.CLOSED,
        verified_from=Level.CHECKED,
        strangers=Strangers.HOLD,
        audiences={},
        peers={
            "b.example": Peer(
                "b.example", "B", PeerState.ACTIVE, Level.CHECKED, "", (), None, Direction.BOTH, Onward.LISTED
            )
        },
    )


def test_the_first_ruleset_is_a_closed_network_and_always_the_same() -> None:
    ruleset = parse(closed_network('CHU "A" {x}\x7f'))
    assert closed_network("A") == closed_network("A")
    assert (ruleset.organisation, ruleset.network, ruleset.peers) == ('CHU "A" {x}\x7f', Network.CLOSED, {})
    assert set(ruleset.audiences) == set(Audience)


def test_all_mistakes_at_once() -> None:
    text = """\
[instance]
network = "opne"            # 2
netwrok = "open"            # 3
verified_from = 3           # 4
two_person = "yes"          # 5
[audience]                  # 6
public = "allow"

[audiences]
pubic = "allow"             # 10
group = "allow"             # 11
public = "verified"         # 12

[peers."HTTPS://Chu-B.example/"]  # 14: host; organisation and state are missing
agreement = { reference = "", from = 2027-01-01, until = 2026-01-01, renewed = true }  # 15
audiences = { direct = "members" }  # 16
kinds = { medai = "strip", posts = "strip" }  # 17
accept_levels_from = "checkd"  # 18

[peers."é.example"]         # 20
organisation = 12           # 21
state = "unknown"           # 22
agreement = "yes"           # 23
agreements = 1              # 24
limits = { held = -1, held_days = true, bytes = 1 }  # 25
retention_days = 0          # 26
on_expiry = "suspended"     # 27

[groups.cardiologie]
reach = ["b.example", "B"]  # 30
professions = ["physicist", "medical_physicst"]  # 31
specialties = []            # 32
reech = "active"            # 33

[groups.x]
reach = "activ"             # 36
specialties = [["cardiology"]]  # 37
[groups.y]
reach = 5                   # 39
specialties = ["cardiologie"]  # 40

[confidentiality]           # 42
public = "block"
"""
    peer = 'peers."HTTPS://Chu-B.example/"'
    assert mistakes(text) == [
        (1, "instance.organisation", ""),
        (2, "instance.network", "open"),
        (3, "instance.netwrok", "network"),
        (4, "instance.verified_from", ""),
        (5, "instance.two_person", ""),
        (6, "audience", "audiences"),
        (10, "audiences.pubic", "public"),
        (11, "audiences.group", ""),
        (12, "audiences.public", ""),
        (14, peer, "chu-b.example"),
        (14, f"{peer}.organisation", ""),
        (14, f"{peer}.state", ""),
        (15, f"{peer}.agreement.reference", ""),
        (15, f"{peer}.agreement.until", ""),
        (15, f"{peer}.agreement.renewed", ""),
        (16, f"{peer}.audiences.direct", ""),
        (17, f"{peer}.kinds.posts", ""),
        (17, f"{peer}.kinds.medai", "media"),
        (18, f"{peer}.accept_levels_from", "checked"),
        (20, 'peers."é.example"', ""),
        (21, 'peers."é.example".organisation', ""),
        (22, 'peers."é.example".state', ""),
        (23, 'peers."é.example".agreement', ""),
        (23, 'peers."é.example".agreement.reference', ""),
        (23, 'peers."é.example".agreement.from', ""),
        (23, 'peers."é.example".agreement.until', ""),
        (24, 'peers."é.example".agreements', "agreement"),
        (25, 'peers."é.example".limits.held', ""),
        (25, 'peers."é.example".limits.held_days', ""),
        (25, 'peers."é.example".limits.bytes', ""),
        (26, 'peers."é.example".retention_days', ""),
        (27, 'peers."é.example".on_expiry', "suspend"),
        (30, "groups.cardiologie.reach", "b"),
        (31, "groups.cardiologie.professions", "physician"),
        (31, "groups.cardiologie.professions", "medical_physicist"),
        (32, "groups.cardiologie.specialties", ""),
        (33, "groups.cardiologie.reech", "reach"),
        (36, "groups.x.reach", "active"),
        (37, "groups.x.specialties", "cardiology"),
        (39, "groups.y.reach", ""),
        (40, "groups.y.specialties", "cardiology"),
        (42, "confidentiality", ""),
    ]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("[instance]\norganisation='A'\n[lists.l]\nkey = 'z6Mk'\n", 4, "lists.l.key"),
        ("[instance]\norganisation='A'\n[peers.b]\nlist = 'x'\n", 4, "peers.b.list"),
        ("[instance]\norganisation='A'\n[peers.b]\ncontacts = 'x'\n", 4, "peers.b.contacts"),
        ("[instance]\norganisation='A'\n[peers.b]\ncontacts = ['x', 3]\n", 4, "peers.b.contacts"),
        ("peers = 3\n[instance]\norganisation='A'", 1, "peers"),
        ("[instance]\norganisation='A'\n[[peers]]\nstate='active'", 3, "peers"),
        ("[instance]\norganisation='A'\n[peers]\n'b.example' = 'active'", 4, 'peers."b.example"'),
        ("[instance]\norganisation='A'\n\n[groups]\n' ' = { reach = 'active' }", 5, 'groups." "'),
        ("[instance]\norganisation='A'\nverified_from = 2026-01-01", 3, "instance.verified_from"),
        ("instance.organisation = 'A'\npeers.'b.example' = { organisation = 'B' }", 2, 'peers."b.example".state'),
        (
            "[instance]\norganisation='A'\n[peers.b.agreement]\nfrom = 2026-01-01T10:00:00\n",
            4,
            "peers.b.agreement.from",
        ),
        ('[instance]\norganisation = """\n\n\n"""\n', 2, "instance.organisation"),
        ('[instance]\r\norganisation = "A"\r\nnetwork = """\r\nx"""\r\nstrangers = "x"\r\n', 5, "instance.strangers"),
        (
            "[instance]\norganisation='A'\n[groups.a]\nreach = [ # which\n 'b.example',\n]\n'a=b' = 1",
            7,
            'groups.a."a=b"',
        ),
    ],
)
def test_lines_of_mistakes_in_odd_layouts(text: str, line: int, key: str) -> None:
    assert (line, key) in [(at, what) for at, what, _ in mistakes(text)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[instance]\norganisation = 'A'\nnetwork = closed\n", 3),
        ("[instance]\norganisation = 'A'\norganisation = 'B'\n", 3),
        ("[instance]\norganisation = 'A\n", 2),
        ("[instance]\norganisation = [", 1),
        ("a = 1" + "0" * 5000, 1),
        ("\n\na = " + "[" * 100_000, 1),
    ],
)
def test_text_that_is_no_toml_has_one_mistake_with_its_line(text: str, line: int) -> None:
    [mistake] = mistakes(text)
    assert mistake == (line, "", "")


def test_a_mistake_speaks_both_languages() -> None:
    with pytest.raises(RulesetError, match=r"line 2: instance\.network: must be one of: closed, open") as caught:
        parse("[instance]\nnetwork = 'x'\norganisation = 'A'")
    assert caught.value.mistakes == (
        Mistake(2, "instance.network", "must be one of: closed, open", "doit être l'un de : closed, open"),
    )


def found(text: str) -> tuple[Mistake, ...] | Ruleset:
    try:
        return parse(text)
    except RulesetError as error:
        return error.mistakes


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_ruleset_or_has_mistakes(text: str) -> None:
    for candidate in (text, WHOLE + text, f"[instance]\n{text} = 1"):
        answer = found(candidate)
        assert answer
        if isinstance(answer, tuple):
            assert all(1 <= each.line <= candidate.count("\n") + 1 for each in answer)
