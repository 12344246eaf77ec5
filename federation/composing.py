"""What a member's plain text refers to: names looked up, hashtags found, HTML made. Knows no audience rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from federation.attesting import attest
from federation.context import Context, Origin, portrait
from federation.resolve import resolve_handle
from federation.wire.compose import Named, compose, compose_quote, find_hashtags, find_mentions, find_shortcodes
from federation.wire.errors import ProtocolError
from federation.wire.sanitize import clean_html, clean_lines, to_text
from storage import actors, custom_emojis, groups
from storage.database import Reader
from storage.records import Actor, Status, as_json

MAX_LOOK_UPS = 10
MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Composed:
    """A text with whom it names. `names` keeps, for each name as written, the actor it means; `quoted` is the page of the
    post that it quotes.
    """

    text: str
    names: Mapping[str, Actor]
    base: str
    first: Actor | None = None
    quoted: str = ""

    @property
    def mentioned(self) -> list[Actor]:
        """Each actor named, once, in the order of the text; the group first where there is one."""
        named = [self.first] if self.first else []
        return list({actor.id: actor for actor in [*named, *self.names.values()]}.values())

    @property
    def tags(self) -> list[str]:
        return [tag.lower() for tag in find_hashtags(self.text)]

    @property
    def unresolved(self) -> list[str]:
        """Names that mean nobody we know."""
        return [name for name in find_mentions(self.text) if name not in self.names]

    @property
    def html(self) -> str:
        """The text as Mastodon would show it. The group's mention always comes first: `private` in an app must not
        be read as "my followers".
        """
        shown = {name: Named(actor.url, actor.username) for name, actor in self.names.items()}
        text = self.text
        if self.first is not None and not self._begins_with(self.first):
            text = f"@{self.first.acct} {text}"
            shown[self.first.acct.lower()] = Named(self.first.url, self.first.username)
        html = compose(text, shown, lambda tag: f"{self.base}/tags/{tag.lower()}")
        return html if not self.quoted or self.quoted in text else compose_quote(self.quoted) + html

    def _begins_with(self, actor: Actor) -> bool:
        found = find_mentions(self.text)
        return bool(found) and self.text.lower().startswith(f"@{found[0]}") and self.names.get(found[0]) == actor

    def only(self, allowed: Iterable[Actor], *, first: Actor | None) -> "Composed":
        """The same text with nobody named but these; other names become plain text."""
        ids = {actor.id for actor in allowed}
        return replace(self, names={name: actor for name, actor in self.names.items() if actor.id in ids}, first=first)


async def resolve_names(ctx: Context, text: str) -> None:
    """Look up the remote names of a text, and what is attested of them, before any transaction."""

    async def find(tx: Reader) -> dict[str, Actor | None]:
        names = [name for name in find_mentions(text) if "@" in name][:MAX_LOOK_UPS]
        return {name: await _known(tx, ctx.origin, name) for name in names}

    for name, known in (await ctx.db.read(find)).items():
        actor = known or await resolve_handle(ctx, name)
        if actor is not None:
            await attest(ctx, actor)


async def compose_text(
    tx: Reader, origin: Origin, text: str, author: Actor, *, quoted: Status | None = None
) -> Composed:
    """Match the names in a text with stored actors, as its author may see them."""
    names = {}
    for name in find_mentions(text):
        actor = await _known(tx, origin, name)
        if actor is not None and await _shown_to(tx, actor, author):
            names[name] = actor
    return Composed(text, names, origin.base, quoted=quoted.url if quoted else "")


async def _known(tx: Reader, origin: Origin, name: str) -> Actor | None:
    username, _, host = name.partition("@")
    ours = host in {"", origin.handle_domain, origin.host}
    return await actors.get_actor_by_handle(tx, username, "" if ours else host)


async def _shown_to(tx: Reader, actor: Actor, author: Actor) -> bool:
    """A hidden group is an unresolved name to everybody but its members."""
    if actor.disabled_at is not None:
        return False
    group = await groups.get_group(tx, actor.id) if actor.type == "Group" else None
    if group is None or group.listed:
        return True
    membership = await groups.get_membership(tx, group.actor_id, author.id)
    return membership is not None and membership.state in {"active", "invited"}


async def list_emojis(tx: Reader, origin: Origin, *texts: str) -> str:
    """The emoji of ours in some texts, with the addresses of their pictures, as posts and people store them."""
    asked = find_shortcodes("\n".join(texts))
    found = await custom_emojis.list_named(tx, asked) if asked else []
    return as_json([[one.shortcode, portrait(origin.media_base, "custom_emojis", one.id, one.file)] for one in found])


def clean_translated(html: str) -> str | None:
    """HTML from a service that translates, as harmless as a post's; None for what no honest one answers."""
    try:
        return clean_html(html)
    except ProtocolError:
        return None


def translated_text(html: str) -> str:
    """The same of a text without markup: its tags are dropped, and nothing is hidden in it."""
    try:
        return clean_lines(to_text(html), MAX_TEXT)
    except ProtocolError:
        return ""
