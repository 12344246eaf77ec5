"""What moderators set about a group of ours takes effect: whom it lets in, what it takes, how long it keeps it."""

import pytest

from federation.ending import end_old_group_posts
from federation.outbox import attestations, notes
from federation.outbox import groups as acts
from federation.outbox.group_settings import Private, SettingError, Settings, change
from federation.outbox.notes import Draft, Published
from federation.upkeep import review_groups
from policies.decision import Allow, Reason
from policies.membership import Joining
from policies.terms import Audience, Level
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Peer
from tests.federation.test_inbox_group_home import HOUR, Ward

DAY = 24 * HOUR
IMAGE = {"type": "Document", "mediaType": "image/png", "url": "https://b.example/1.png"}


async def put(home: Home, group: Actor, **private: object) -> None:
    await change(home.ctx, group.id, Settings(private=Private(**private)), by="anna")  # type: ignore[arg-type]


async def state(ward: Ward, who: str) -> str:
    found = await ward.home.membership(ward.group, await ward.home.stored(who))
    return found.state if found else ""


async def posting(ward: Ward, text: str = "bonjour", **more: object) -> object:
    draft = Draft(f"@{ward.group.username} {text}", Audience.FOLLOWERS, **more)  # type: ignore[arg-type]
    return await notes.publish(ward.home.ctx, ward.anna.id, draft)


async def test_who_no_longer_meets_the_criteria_is_out_here_and_there(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    david = await home.member("david", verified=True)
    await home.enroll(ward.group, david)
    await review_groups(home.ctx)
    assert await state(ward, david.uri) == await state(ward, ward.ben.uri) == "active"
    evidence = attestations.Evidence("physician", Level.CHECKED, ("cardiology",), jurisdiction="BE")
    await attestations.verify(home.ctx, ward.anna.id, evidence, by="console")
    await put(home, ward.group, countries=("BE",))
    await review_groups(home.ctx)
    assert await state(ward, ward.anna.uri) == "active"
    assert await state(ward, david.uri) == await state(ward, ward.ben.uri) == "ended"
    (told,) = await ward.announced()
    assert (told["type"], told["summary"]) == ("Reject", Reason.WRONG_COUNTRY)


async def test_a_ruleset_that_asks_more_of_a_group_ends_memberships_too(home: Home, peer: Peer) -> None:
    """In the next round of upkeep, which is every 20 seconds; the attestations themselves did not change."""
    ward = await Ward.open(home, peer)
    await review_groups(home.ctx)
    await home.rule(peer.host, more='[groups.cardiologie]\nspecialties = ["neurology"]\n')
    await review_groups(home.ctx)
    assert await state(ward, ward.anna.uri) == await state(ward, ward.ben.uri) == "ended"


async def test_who_is_out_of_reach_is_out_of_the_group(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await home.rule(peer.host, more='[groups.cardiologie]\nreach = "instance"\n')
    await review_groups(home.ctx)
    assert (await state(ward, ward.anna.uri), await state(ward, ward.ben.uri)) == ("active", "ended")


async def test_stale_status_ends_no_membership(home: Home, peer: Peer) -> None:
    """The issuer has not answered for days: nobody is let in by that, and nobody loses anything."""
    ward = await Ward.open(home, peer)
    home.clock.pass_by(3 * DAY)
    await put(home, ward.group, level=Level.CHECKED)
    await review_groups(home.ctx)
    assert await state(ward, ward.ben.uri) == "active"


async def test_only_moderators_post_where_it_is_set(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await change(home.ctx, ward.group.id, Settings(posting="moderators"), by="anna")
    assert await ward.take(ward.ben, ward.create(ward.ben)) == f"refused: {Reason.MODERATORS_ONLY}"
    assert isinstance(await posting(ward), Published)


async def test_files_stay_out_where_none_may_be(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await put(home, ward.group, files=False)
    refused = f"refused: {Reason.GROUP_WITHOUT_FILES}"
    assert await ward.take(ward.ben, ward.create(ward.ben, attachment=[IMAGE])) == refused
    published = await posting(ward)
    assert isinstance(published, Published)


async def test_the_list_of_members_is_for_whom_it_is_set(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    david, eve = await home.member("david", verified=True), await home.member("eva", verified=True)
    await home.enroll(ward.group, david)

    async def lists(who: Actor) -> bool:
        now = home.clock()
        return isinstance(await home.db.read(lambda tx: acts.decide_listing(tx, ward.group.id, who.id, now)), Allow)

    assert [await lists(who) for who in (ward.anna, david, eve)] == [True, True, False]
    await put(home, ward.group, members_shown="moderators")
    assert [await lists(who) for who in (ward.anna, david, eve)] == [True, False, False]


async def test_posts_go_everywhere_when_the_group_has_kept_them_long_enough(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    david = await home.member("david", verified=True)
    await home.enroll(ward.group, david)
    _, theirs = await ward.post()
    await ward.announced()
    assert isinstance(await posting(ward, "un #cas"), Published)
    home.clock.pass_by(366 * DAY)
    await end_old_group_posts(home.ctx)
    assert await home.rows("SELECT uri FROM statuses") == [(theirs.uri,)]
    await put(home, ward.group, retention_days=365)
    await end_old_group_posts(home.ctx)
    assert await home.count("statuses") == 0
    deletes = [one for one in await ward.announced() if one["type"] == "Delete"]
    assert [one["object"]["id"] for one in deletes] == [theirs.uri]
    assert await home.count("receipts", "object_uri = :uri AND retracted_at IS NOT NULL", uri=theirs.uri) == 1


async def test_rules_and_description_stand_in_the_profile(home: Home) -> None:
    anna = await home.member("anna", verified=True)
    for group in (await home.group("cardiologie", anna), await home.public_group("ecg", anna)):
        said = Settings("ECG", "Pour les ECG.", ("Pas de noms.", "Rester poli."), Joining.INVITE)
        await change(home.ctx, group.id, said, by="anna")
        shown = await home.stored(group.uri)
        assert (shown.name, shown.locked) == ("ECG", 1)
        assert shown.summary == "<p>Pour les ECG.</p><p>1. Pas de noms.<br />2. Rester poli.</p>"
        await change(home.ctx, group.id, Settings(rules=()), by="anna")
        assert (await home.stored(group.uri)).summary == "<p>Pour les ECG.</p>"
    assert await home.rows("SELECT actor, act FROM audit WHERE act = 'group.set'") == [("anna", "group.set")] * 4


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("title", Settings(title=" ")),
        ("description", Settings(description="x" * 501)),
        ("rules", Settings(rules=("x\ny",))),
        ("posting", Settings(posting="nobody")),
        ("members_shown", Settings(private=Private(members_shown="all"))),
        ("professions", Settings(private=Private(professions=("wizard",)))),
        ("specialties", Settings(private=Private(specialties=("magic",)))),
        ("countries", Settings(private=Private(countries=("fr",)))),
        ("retention_days", Settings(private=Private(retention_days=-1))),
        ("lease_hours", Settings(private=Private(lease_hours=169))),
    ],
)
async def test_what_cannot_be_set_is_said(name: str, wrong: Settings) -> None:
    with pytest.raises(SettingError) as caught:
        await change(None, 0, wrong, by="anna")  # type: ignore[arg-type]
    assert caught.value.name == name


async def test_a_public_group_has_no_secrets_to_set(home: Home) -> None:
    anna = await home.member("anna", verified=True)
    group = await home.public_group("ecg", anna)
    with pytest.raises(SettingError, match="files"):
        await put(home, group, files=False)
    with pytest.raises(LookupError):
        await put(home, anna, files=False)


async def test_a_quarantine_ends_no_membership(home: Home, peer: Peer) -> None:
    """An agreement may end for a day: what waits meanwhile is enough. A suspension, and criteria, end them as ever."""
    ward = await Ward.open(home, peer)
    await home.rule(peer.host, state="quarantined")
    await review_groups(home.ctx)
    assert await state(ward, ward.ben.uri) == "active"
    await home.rule(peer.host)
    await review_groups(home.ctx)
    assert await state(ward, ward.ben.uri) == "active"
    await home.rule(peer.host, state="quarantined", more='[groups.cardiologie]\nreach = "instance"\n')
    await review_groups(home.ctx)
    assert await state(ward, ward.ben.uri) == "ended"
