"""What a server forwards on behalf of somebody else's: a hint where to look, and nothing more.

Mastodon forwards replies to the followers of whom they answer, and deletions to whom it forwarded the post. Its signature
over the document (Linked Data) is not trusted, so that what is embedded does not count, only where it says it is.
"""

from dataclasses import dataclass

from federation.wire.activities import Activity
from federation.wire.origins import is_http_uri, same_origin
from federation.wire.values import id_of

TYPES = frozenset({"Create", "Update", "Delete"})


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Something was written, edited or deleted (`type`) at `uri`, on the origin of whom it is said of; `answers`: what it
    is said to answer.
    """

    type: str
    uri: str
    answers: str | None


def forwarded_by(activity: Activity, signer: str) -> Forwarded | None:
    """What somebody who is not its actor brings; None for all that cannot be looked up at its actor's origin, which is not
    the signer's own: there an actor speaks for itself.
    """
    uri = activity.object_id or ""
    if activity.type not in TYPES or uri == activity.actor or same_origin(signer, activity.actor):
        return None
    if not is_http_uri(uri) or not same_origin(uri, activity.actor):
        return None
    return Forwarded(activity.type, uri, id_of((activity.embedded or {}).get("inReplyTo")))
