"""What members have done with posts, as each of them alone is told. Whether they may see the posts was asked before."""

from collections.abc import Collection
from dataclasses import dataclass, field

from storage.database import Reader


@dataclass(frozen=True, slots=True)
class Marks:
    """One member's: the ids of posts that they liked, boosted, keep and pinned, and of those whose thread they muted;
    `votes`: for which options of their polls they voted, as (post, position). `follows_author` and `followed_by_author`
    are told of posts that not everybody may quote.
    """

    favourited: set[int] = field(default_factory=set)
    boosted: set[int] = field(default_factory=set)
    bookmarked: set[int] = field(default_factory=set)
    pinned: set[int] = field(default_factory=set)
    muted: set[int] = field(default_factory=set)
    votes: set[tuple[int, int]] = field(default_factory=set)
    follows_author: set[int] = field(default_factory=set)
    followed_by_author: set[int] = field(default_factory=set)


NONE = Marks()


async def list_marks(tx: Reader, status_ids: Collection[int], viewers: Collection[int]) -> dict[int, Marks]:
    """By member, in one query; whoever did nothing with any of these posts is left out."""
    # CROSS JOIN: SQLite would else go through all threads that somebody ever muted, all votes they ever cast, and all
    # posts of everybody whom they follow, for each page.
    of_many = """
        SELECT 'favourited', actor_id, status_id, 0 FROM favourites WHERE status_id IN :ids AND actor_id IN :who UNION ALL
        SELECT 'boosted', actor_id, boost_of_id, 0 FROM statuses WHERE boost_of_id IN :ids AND actor_id IN :who UNION ALL
        SELECT 'bookmarked', actor_id, status_id, 0 FROM bookmarks WHERE status_id IN :ids AND actor_id IN :who UNION ALL
        SELECT 'pinned', actor_id, status_id, 0 FROM pins WHERE status_id IN :ids AND actor_id IN :who UNION ALL
        SELECT 'muted', t.actor_id, s.id, 0 FROM statuses s CROSS JOIN muted_threads t
          WHERE t.thread_id = s.thread_id AND s.id IN :ids AND t.actor_id IN :who UNION ALL
        SELECT 'votes', v.actor_id, q.status_id, v.position FROM polls q CROSS JOIN poll_votes v
          WHERE v.poll_id = q.id AND q.status_id IN :ids AND v.actor_id IN :who UNION ALL
        SELECT 'follows_author', f.follower_id, s.id, 0 FROM statuses s CROSS JOIN follows f
          WHERE f.followee_id = s.actor_id AND s.id IN :ids AND s.quote_policy <> '' AND f.follower_id IN :who AND f.state = 'accepted' UNION ALL
        SELECT 'followed_by_author', f.followee_id, s.id, 0 FROM statuses s CROSS JOIN follows f
          WHERE f.follower_id = s.actor_id AND s.id IN :ids AND s.quote_policy <> '' AND f.followee_id IN :who AND f.state = 'accepted'"""
    if len(viewers) == 1:
        (one,) = viewers
        found = await tx.rows(of_many.replace("IN :who", "= :who"), ids=status_ids, who=one)
    else:
        found = await tx.rows(of_many, ids=status_ids, who=viewers)
    marks: dict[int, Marks] = {}
    for mark, viewer, status_id, position in found:
        marked = (status_id, position) if mark == "votes" else status_id
        getattr(marks.setdefault(viewer, Marks()), mark).add(marked)
    return marks
