"""The SQL twins of `policies.visibility.may_see` and `may_meet`: the one place that says in SQL who may see a post.

Use `VISIBLE` in every query that answers a person, with `s` for the post, `a` for its author, and the parameters
`viewer` (an actor's id; 0 for nobody) and `now` (unix ms). A test compares it with the pure rule for every
combination of facts; neither may change without the other. One thing is stricter here: to a disabled account nothing is
shown, not even what everybody may see; the rule knows no such viewer, because nobody is signed in with one.
"""

from collections.abc import Iterable

from storage.database import Reader
from storage.records import Status, columns, make

VISIBLE = """(
  a.disabled_at IS NULL AND a.host_suspended = 0
  AND (
    s.actor_id = :viewer
    OR (s.audience IN ('public', 'unlisted') AND NOT EXISTS (
      SELECT 1 FROM blocks vk WHERE vk.owner_id = s.actor_id AND vk.target_id = :viewer))
    OR (s.audience = 'followers' AND EXISTS (
      SELECT 1 FROM follows vf WHERE vf.follower_id = :viewer AND vf.followee_id = s.actor_id AND vf.state = 'accepted'))
    OR (s.audience IN ('followers', 'direct') AND EXISTS (
      SELECT 1 FROM mentions vm WHERE vm.status_id = s.id AND vm.actor_id = :viewer))
    OR (s.audience = 'group' AND s.distributed = 1 AND (s.group_id = :viewer OR EXISTS (
      SELECT 1 FROM memberships vg WHERE vg.group_id = s.group_id AND vg.actor_id = :viewer
        AND vg.state = 'active' AND vg.lease_until > :now)))
  )
  AND (:viewer = 0 OR NOT EXISTS (
    SELECT 1 FROM actors vv LEFT JOIN members vp ON vp.actor_id = vv.id
    WHERE vv.id = :viewer AND (vv.disabled_at IS NOT NULL OR vp.disabled_at IS NOT NULL)))
  AND (s.boost_of_id IS NULL OR EXISTS (
    SELECT 1 FROM statuses bs JOIN actors ba ON ba.id = bs.actor_id WHERE bs.id = s.boost_of_id
      AND bs.audience IN ('public', 'unlisted') AND ba.disabled_at IS NULL AND ba.host_suspended = 0
      AND NOT EXISTS (SELECT 1 FROM blocks bk WHERE bk.owner_id = bs.actor_id AND bk.target_id = :viewer))
    OR (s.actor_id = :viewer AND EXISTS (
      SELECT 1 FROM statuses os WHERE os.id = s.boost_of_id AND os.actor_id = :viewer AND os.audience = 'followers')))
)"""

# The SQL twin of `may_meet`, with `a` for who would be met and the parameter `viewer`.
MET = """(a.silenced_at IS NULL OR a.id = :viewer OR EXISTS (
  SELECT 1 FROM follows mf WHERE mf.follower_id = :viewer AND mf.followee_id = a.id AND mf.state = 'accepted'))"""

_COLUMNS = columns(Status, "s")


async def get_visible(tx: Reader, status_id: int, *, viewer: int, now: int) -> Status | None:
    """A post by id, for one viewer; None when it is hidden from them or does not exist, and nothing tells which."""
    return make(
        Status,
        await tx.row(
            f"SELECT {_COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id WHERE s.id = :id AND {VISIBLE}",
            id=status_id,
            viewer=viewer,
            now=now,
        ),
    )


async def list_visible(tx: Reader, status_ids: Iterable[int], *, viewer: int, now: int) -> dict[int, Status]:
    """Those of these posts that the viewer may see."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id WHERE s.id IN :ids AND {VISIBLE}",
        ids=list(status_ids),
        viewer=viewer,
        now=now,
    )
    return {row[0]: Status(*row) for row in found}
