"""Deleted posts: their author sees which hosts confirmed; nobody else sees anything."""

from storage import deliveries, receipts, statuses
from storage.database import Transaction
from storage.members import update_member
from tests.web.api_world import World
from tests.web.browsing import look, sign_in
from tests.web.people import PASSWORD
from web.passwords import hash_password

PLACE = "/settings/deletions"


async def test_an_author_sees_who_confirmed_a_deletion_and_nobody_else_does(world: World) -> None:
    anne, ben = await world.person("anne"), await world.person("ben")
    hashed = await hash_password(PASSWORD)
    for one in (anne, ben):
        await world.write(lambda tx, one=one: update_member(tx, one.actor.id, password_hash=hashed))
    post = await world.status(anne.actor)

    async def delete(tx: Transaction) -> None:
        sent = [(post.uri, f"{name}.example", f"https://{name}.example/inbox") for name in ("b", "c", "d")]
        await deliveries.insert_receipts(tx, sent, now=1)
        await statuses.delete_status(tx, post, actor_uri=anne.actor.uri, now=2)
        await receipts.mark_retracted(tx, post.uri, now=2)
        await receipts.accept(tx, [(uri, inbox) for uri, host, inbox in sent if host != "d.example"], now=3)
        await receipts.confirm(tx, post.uri, host="b.example", by="https://b.example/ap/actor", now=4)

    await world.write(delete)
    await sign_in(world.browser, anne)
    page = await look(world.browser, PLACE)
    said = [" ".join(part.split("</li>")[0].split()) for part in page.split("<li><code>")[1:]]
    assert said == [
        "b.example</code>: confirmed that it is deleted",
        "c.example</code>: told, has not confirmed",
        "d.example</code>: not reached yet",
    ]
    world.browser.session.cookie_jar.clear()
    assert "d.example" not in await look(world.browser, PLACE)
    await sign_in(world.browser, ben)
    assert "d.example" not in await look(world.browser, PLACE)
