"""Mail: sent once, tried again, given up; nothing is lost with a process, and nothing waits for one that is gone."""

from storage import mails
from storage.queues import Lease
from tests.web.api_world import World
from tests.web.mail_server import Mailbox, mailbox
from web.outside.mail import LEASE_MS, RETRY_AFTER, send_due


async def write(world: World, recipient: str = "anna@chu-a.example") -> None:
    await world.write(
        lambda tx: mails.insert_mail(
            tx, recipient=recipient, subject="Votre adresse – été", body="Bonjour,\nvoilà.\n", now=world.clock.now
        )
    )


async def send(world: World, box: Mailbox) -> int:
    """Send what is due; answers how many wait afterwards."""
    await send_due(world.ctx, box.server, "test")
    return await world.db.read(mails.count_waiting)


async def test_a_message_arrives_as_it_was_written(world: World) -> None:
    async with mailbox() as box:
        await write(world)
        assert await send(world, box) == 0
        assert await send(world, box) == 0
        (message,) = box.taken
    assert (message["To"], message["From"]) == ("anna@chu-a.example", "confrere@chu-a.example")
    assert message["Subject"] == "Votre adresse – été"
    assert message.get_content().replace("\r\n", "\n") == "Bonjour,\nvoilà.\n"
    assert (message["Auto-Submitted"], bool(message["Message-ID"]), bool(message["Date"])) == (
        "auto-generated",
        True,
        True,
    )


async def test_what_is_refused_for_now_is_tried_again(world: World) -> None:
    async with mailbox() as box:
        await write(world)
        box.refusal = "451 later"
        assert await send(world, box) == 1
        box.refusal = ""
        assert await send(world, box) == 1  # not yet due
        world.tick(RETRY_AFTER[0])
        assert await send(world, box) == 0
        assert len(box.taken) == 1


async def test_what_is_refused_for_good_is_over(world: World) -> None:
    async with mailbox() as box:
        await write(world)
        box.refusal = "550 nobody here"
        assert await send(world, box) == 0


async def test_a_server_that_is_away_is_waited_for_some_hours(world: World) -> None:
    async with mailbox() as box:
        pass
    await write(world)
    for wait in RETRY_AFTER:
        assert await send(world, box) == 1
        world.tick(wait)
    assert await send(world, box) == 0


async def test_what_a_dead_process_held_is_sent_by_another(world: World) -> None:
    await write(world)
    now = world.clock.now
    lease = Lease("dead", now, now + LEASE_MS)
    assert len(await world.db.transact(lambda tx: mails.claim_due(tx, lease, limit=8, share=8))) == 1
    async with mailbox() as box:
        assert await send(world, box) == 1
        world.tick(LEASE_MS)
        assert await send(world, box) == 0
        assert len(box.taken) == 1
