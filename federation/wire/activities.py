"""Activities as typed values: who did what to which object. Must not know what follows from one.

`parse_activity` checks shape and origin; that the actor signed is checked elsewhere (signatures, proofs). An embedded
object is what its wrapper says it is, never the truth about another origin.
"""

from dataclasses import dataclass, field
from typing import Any

from federation.wire import origins
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import id_of, ids_of, many, moment, type_of
from policies.terms import Kind, kind_of

MAX_RECIPIENTS = 1_000
MAX_OBJECTS = 100  # a Flag of Mastodon names a person and at most twenty posts

SUPPORTED = frozenset(
    [
        "Accept",
        "Add",
        "Announce",
        "Block",
        "Create",
        "Delete",
        "EmojiReact",
        "Flag",
        "Follow",
        "Like",
        "Move",
        "QuoteRequest",
        "Reject",
        "Remove",
        "Undo",
        "Update",
    ]
)


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity of one actor, with id and actor on one origin. `published` is unix milliseconds.

    `objects` are ids or embedded documents, one for all but Flag; `raw` is the document that it was read from.
    """

    id: str
    type: str
    actor: str
    objects: tuple[str | Document, ...]
    target: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    published: int | None
    raw: Document = field(repr=False)

    @property
    def object(self) -> str | Document | None:
        """The first object: an id, an embedded document, or None for an activity without."""
        return next(iter(self.objects), None)

    @property
    def object_id(self) -> str | None:
        """The id of the first object, however it was given."""
        return id_of(self.object)

    @property
    def object_type(self) -> str:
        """The type of the first object where it is embedded."""
        return type_of(self.object) if isinstance(self.object, dict) else ""

    @property
    def embedded(self) -> Document | None:
        """The first object where it is embedded."""
        return self.object if isinstance(self.object, dict) else None

    @property
    def kind(self) -> Kind:
        """Content, control or retraction, by the table of policies.terms."""
        return kind_of(self.type, self.object_type)

    @property
    def is_supported(self) -> bool:
        """Whether any handler reads this type; others are received, recorded and left alone."""
        return self.type in SUPPORTED


def parse_activity(document: Document) -> Activity:
    """Read an activity (ActivityStreams vocabulary §2, ActivityPub §3). ProtocolError when it has no type, no http(s)
    id, not exactly one actor, or when id and actor are not of one origin (FEP-fe34).
    """
    activity_id, actor = _one_id(document, "id"), _one_id(document, "actor")
    if origins.parse_actor_uri(actor) != origins.parse_origin(activity_id):
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"activity {activity_id} of actor {actor}")
    kind = type_of(document)
    if not kind:
        raise ProtocolError(Fault.SHAPE, "an activity without type")
    return Activity(
        id=activity_id,
        type=kind,
        actor=actor,
        objects=_objects(document.get("object")),
        target=id_of(document.get("target")),
        to=recipients(document, "to"),
        cc=recipients(document, "cc"),
        audience=recipients(document, "audience"),
        published=moment(document.get("published")),
        raw=document,
    )


def is_retraction(activity: Activity) -> bool:
    """Whether it takes something back, or acknowledges that: such activities pass every boundary (3-policies.md)."""
    return activity.kind is Kind.RETRACTION


def recipients(document: Document, name: str) -> tuple[str, ...]:
    """The ids that `to`, `cc` or `audience` names. Too many are refused: leaving some out would change who sees it."""
    values = many(document.get(name))
    if len(values) > MAX_RECIPIENTS:
        raise ProtocolError(Fault.TOO_COMPLEX, f"{len(values)} recipients in {name}")
    return ids_of(values)


def _one_id(document: Document, name: str) -> str:
    values = many(document.get(name))
    found = id_of(values) if len(values) == 1 else None
    if found is None:
        raise ProtocolError(Fault.SHAPE, f"an activity must have one {name}")
    return found


def _objects(value: Any) -> tuple[str | Document, ...]:
    found = [item for item in many(value) if isinstance(item, dict) or id_of(item)]
    if len(found) > MAX_OBJECTS:
        raise ProtocolError(Fault.TOO_COMPLEX, f"{len(found)} objects")
    return tuple(found)
