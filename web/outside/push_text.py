"""What a locked screen may say of a notification, in the member's language. Pure.

A push passes a service abroad and ends on a screen that others see. Of what is said in a private group it says nothing
but that there is something; of a direct post not a word of its text.
"""

from policies.terms import Audience
from storage.records import Actor, Status
from storage.words import plain_text

LONGEST = 140  # characters, as Mastodon

_TITLES = {
    "mention": ("%s mentioned you", "%s vous mentionne"),
    "status": ("%s posted", "%s a publié"),
    "reblog": ("%s boosted your post", "%s a partagé votre message"),
    "favourite": ("%s favourited your post", "%s aime votre message"),
    "follow": ("%s is now following you", "%s vous suit"),
    "follow_request": ("%s asks to follow you", "%s demande à vous suivre"),
    "poll": ("A poll has ended", "Un sondage est terminé"),
    "update": ("%s edited a post", "%s a modifié un message"),
    "quote": ("%s quoted your post", "%s a cité votre message"),
    "quoted_update": ("%s edited a post that you quoted", "%s a modifié un message que vous citez"),
    "admin.sign_up": ("%s signed up", "%s s'est inscrit"),
    "added_to_collection": ("%s put you into a collection", "%s vous a mis dans une collection"),
    "collection_update": ("%s changed a collection that you are in", "%s a modifié une collection où vous êtes"),
    "admin.report": ("%s made a report", "%s a fait un signalement"),
}
_OTHER = ("New notification", "Nouvelle notification")
_GROUP = (
    ("Something new in a private group", "Du nouveau dans un groupe privé"),
    ("Open the app to read it.", "Ouvrez l'application pour le lire."),
)
_DIRECT = ("Open the app to read it.", "Ouvrez l'application pour le lire.")


def is_private(actor: Actor, status: Status | None) -> bool:
    """Whether a push may not even say who: the post is a group's, or it is the group itself that acts."""
    return actor.type == "Group" or (
        status is not None and (status.audience == Audience.GROUP or status.group_id is not None)
    )


def title_and_body(type_: str, actor: Actor, status: Status | None, locale: str) -> tuple[str, str]:
    """`status` is the post that it is about, with its text; for a boost, the original."""
    french = int(locale == "fr")
    if is_private(actor, status):
        return _GROUP[0][french], _GROUP[1][french]
    title = _TITLES.get(type_, _OTHER)[french]
    named = _shortened(title.replace("%s", actor.name or actor.username))
    if status is not None and status.audience == Audience.DIRECT:
        return named, _DIRECT[french]
    text = plain_text(actor.summary) if status is None else status.summary or plain_text(status.content)
    return named, _shortened(text)


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
