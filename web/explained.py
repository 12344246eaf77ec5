"""Where posts went, for whom it concerns: their author, and who reads the boundary log for the institution. Never the text."""

from federation.explaining import Crossing, Reading, explain
from policies.decision import Allow
from policies.moderation import Act, may
from policies.terms import Role
from storage import statuses
from storage.database import Reader
from storage.records import Status
from web.showing import not_found


async def explain_own(tx: Reader, status_id: int, *, author_id: int) -> tuple[Status, list[Crossing]]:
    """A member's own post; the 404 of absent posts for every other."""
    status = await statuses.get_status(tx, status_id)
    if status is None or status.actor_id != author_id or status.boost_of_id is not None:
        raise not_found()
    return status, await explain(tx, status.uri)


async def explain_any(tx: Reader, status_id: int) -> tuple[Status, list[Crossing]]:
    """Any post, for those whose role covers reading the boundary log: that is the callers' matter."""
    status = await statuses.get_status(tx, status_id)
    if status is None or status.boost_of_id is not None:
        raise not_found()
    return status, await explain(tx, status.uri)


def reader_of(post: Status, actor_id: int) -> Reading:
    """How somebody is spoken to about a post: as its author, or as one who looks after the institution."""
    return "member" if post.actor_id == actor_id else "admin"


def reads_boundary(role: Role) -> bool:
    """Whether a role covers reading the boundary log."""
    return isinstance(may(role, Act.READ_BOUNDARY), Allow)
