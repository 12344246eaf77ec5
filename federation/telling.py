"""What the instance says: to one member in a direct message, to a private group of ours in a post of the group itself."""

from federation import groups as group_posts
from federation.act import Act, perform
from federation.composing import Composed
from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.notices import Words
from federation.outbox.notes import Draft, publish_in
from policies.terms import Audience
from storage import notices, statuses
from storage.ids import new_id
from storage.records import Status

AT_ONCE = 100


async def send_notices(ctx: Context) -> None:
    """Send what waits, each in its own transaction."""
    for notice in await ctx.db.read(lambda tx: notices.list_notices(tx, limit=AT_ONCE)):

        async def unit(act: Act, notice: notices.Notice = notice) -> None:
            if await notices.delete_notice(act.tx, notice.id):
                words = notice.words.replace("@", "@\u200b")
                draft = Draft(f"@{notice.username} {words}", Audience.DIRECT)
                await publish_in(act, INSTANCE_ACTOR_ID, draft)

        await perform(ctx, unit)


async def tell_group(act: Act, group_id: int, words: Words) -> None:
    """Tell all members of a private group of ours, wherever they are, in both languages: a group-only post by the group."""
    group, actor = await group_posts.require_group(act.tx, group_id)
    status_id = new_id(act.now)
    text = f"{words.french}\n\n{words.english}".replace("@", "@\u200b")
    status = Status(
        id=status_id,
        uri=act.ctx.origin.object(status_id),
        actor_id=actor.id,
        audience=Audience.GROUP,
        group_id=group.actor_id,
        distributed=1,
        boost_of_id=None,
        in_reply_to_id=None,
        in_reply_to_actor_id=None,
        in_reply_to_uri=None,
        thread_id=status_id,
        content=Composed(text, {}, act.ctx.origin.base, first=actor).html,
        text=text,
        summary="",
        sensitive=0,
        language=None,
        url=act.ctx.origin.page(actor.username, status_id),
        replies_count=0,
        boosts_count=0,
        favourites_count=0,
        app_id=None,
        emojis="[]",
        created_at=act.now,
        edited_at=None,
    )
    await statuses.insert_status(act.tx, status)
    await group_posts.submit(act, status, actor, kind="Create")
