"""Flag both ways: to the reported person's home and no further, and from other hosts about people of ours."""

from federation.outbox.reports import NewReport, report
from storage.database import Reader
from storage.records import Report
from tests.federation.home import Home
from tests.federation.peer import Peer


async def reports(home: Home) -> list[Report]:
    async def query(tx: Reader) -> list[Report]:
        return [Report(*row) for row in await tx.rows("SELECT * FROM reports ORDER BY id")]

    return await home.db.read(query)


async def test_a_report_is_forwarded_without_who_reported(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    note = peer.note(ben, "<p>Bonjour</p>")
    assert await home.take(ben, peer.activity("Create", ben, note, to=note["to"], cc=note["cc"])) == "done"
    remote, post = await home.stored(ben.uri), await home.find(note["id"])
    assert post is not None
    await report(home.ctx, anna.id, NewReport(remote.id, "other", "Un nom", (post.id,), forward=True))
    await report(home.ctx, anna.id, NewReport(remote.id, "spam"))
    while await home.deliver():
        pass
    sent = [one.document for one in peer.posted if one.document["type"] == "Flag"]
    assert len(sent) == 1
    assert sent[0]["object"] == [ben.uri, note["id"]]
    assert (sent[0]["actor"], sent[0]["content"]) == (home.ctx.origin.instance_actor, "Un nom")
    assert anna.uri not in str(sent[0])
    assert [one.forwarded for one in await reports(home)] == [1, 0]


async def test_somebody_elsewhere_reports_our_members(home: Home, peer: Peer) -> None:
    anna, carl = await home.member("anna"), await home.member("carl")
    post = await home.publish(anna, "Bonjour")
    ben = peer.actor("ben")
    flag = peer.activity(
        "Flag", ben, [anna.uri, post.uri, carl.uri, ben.uri, f"{anna.uri}/nothing"], content="<b>Un nom</b>"
    )
    assert await home.take(ben, flag) == "done"
    again = {**flag, "id": peer.new_id()}
    assert await home.take(ben, {**again, "object": flag["id"]}) == "refused: nobody here is reported"
    kept = await reports(home)
    assert {(one.target_id, one.comment, one.category) for one in kept} == {
        (anna.id, "Un nom", "other"),
        (carl.id, "Un nom", "other"),
    }
    assert {one.actor_id for one in kept} == {(await home.stored(ben.uri)).id}
    named = await home.db.read(lambda tx: tx.rows("SELECT report_id, status_id FROM report_statuses"))
    about_anna = next(one for one in kept if one.target_id == anna.id)
    assert [tuple(row) for row in named] == [(about_anna.id, post.id)]


async def test_a_report_of_nobody_here(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    assert await home.take(ben, peer.activity("Flag", ben, [ben.uri])) == "refused: nobody here is reported"
    assert await home.take(ben, peer.activity("Flag", ben, [])) != "done"
    assert await reports(home) == []
