"""Whom a member has chosen to see nothing of: blocked, muted, at a blocked host. Decides no right: that is `storage.visibility`.

Asked by what brings posts to a member (home, lists, public timelines, notifications, streams) and not by what a member goes
to look at: profiles, posts by address, search (toot finds by search whom it unblocks). Threads in groups stay whole, so
that nobody treats a patient by half a discussion (decision 0018).
"""

import re
from collections.abc import Collection

from storage.database import Reader
from storage.visibility import MET

# Whether `viewer` wants a post `s` by `a` brought to them now: for its author, whom it answers, whom it boosts, its group.
WELCOME = """(s.actor_id = :viewer OR (
  NOT EXISTS (SELECT 1 FROM blocks wb WHERE wb.owner_id = :viewer
    AND wb.target_id IN (s.actor_id, s.in_reply_to_actor_id, (SELECT wo.actor_id FROM statuses wo WHERE wo.id = s.boost_of_id)))
  AND NOT EXISTS (SELECT 1 FROM mutes wm WHERE wm.owner_id = :viewer AND wm.until > :now
    AND wm.target_id IN (s.actor_id, s.in_reply_to_actor_id, s.group_id,
      (SELECT wo.actor_id FROM statuses wo WHERE wo.id = s.boost_of_id)))
  AND NOT EXISTS (SELECT 1 FROM blocked_hosts wh WHERE wh.owner_id = :viewer AND (wh.host IN (a.host, a.handle_host)
    OR EXISTS (SELECT 1 FROM statuses wo JOIN actors wa ON wa.id = wo.actor_id
      WHERE wo.id = s.boost_of_id AND wh.host IN (wa.host, wa.handle_host))))
))"""

# The same where whole threads are read.
WELCOME_IN_THREAD = f"(s.audience = 'group' OR {WELCOME})"

# Whether `viewer` wants to be notified of what an actor `x` did.
WELCOME_TO_NOTIFY = """(
  NOT EXISTS (SELECT 1 FROM blocks wb WHERE wb.owner_id = :viewer AND wb.target_id = x.id)
  AND NOT EXISTS (SELECT 1 FROM mutes wm WHERE wm.owner_id = :viewer AND wm.target_id = x.id
    AND wm.notifications = 1 AND wm.until > :now)
  AND NOT EXISTS (SELECT 1 FROM blocked_hosts wh WHERE wh.owner_id = :viewer AND wh.host IN (x.host, x.handle_host))
)"""

_FOR_EACH = re.sub(":viewer", "v.actor_id", WELCOME)
_MET_BY_EACH = re.sub(":viewer", "v.actor_id", MET)


async def list_welcoming(
    tx: Reader, owner_ids: Collection[int], status_id: int, *, now: int, unasked: bool = False
) -> set[int]:
    """Those of these members who want a post brought to them; `unasked`: with all that is public, so that they must be
    allowed to meet its author, too.
    """
    found = await tx.rows(
        "SELECT v.actor_id FROM members v, statuses s JOIN actors a ON a.id = s.actor_id "
        f"WHERE s.id = :status AND v.actor_id IN :owners AND {_FOR_EACH} AND (:unasked = 0 OR {_MET_BY_EACH})",
        unasked=int(unasked),
        status=status_id,
        owners=list(owner_ids),
        now=now,
    )
    return {row[0] for row in found}


async def is_welcome(tx: Reader, owner_id: int, actor_id: int, *, now: int) -> bool:
    """Whether a member wants to be notified of what an actor does."""
    return bool(
        await tx.value(
            f"SELECT count(*) FROM actors x WHERE x.id = :actor AND {WELCOME_TO_NOTIFY}",
            actor=actor_id,
            viewer=owner_id,
            now=now,
        )
    )
