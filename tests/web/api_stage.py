"""One instance with some of everything, made as apps would make it: what the table of acts asks about.

Names stand for ids. Anna is who asks; things called `spare` are there to be taken away.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from aiohttp import FormData

from federation.outbox.announcements import Notice, publish_notice
from storage import actors, cards, trends
from storage.database import Transaction
from storage.members import Person
from tests.web.api_world import RULES, World
from tests.web.live import picture
from web.texts import Terms, Text

LINK = "https://site.example/ecg"
FRIENDS = ("ben", "olga")
OTHERS = ("pim", "paul", "mia", "max", "eve", "fred", "nora", "carl", "dora", "rob", "sam", "tom", "una")
SENDERS = ("rob", "sam", "tom", "una")


@dataclass(slots=True)
class Stage:
    """The world, who is in it, and what everything is called."""

    world: World
    people: dict[str, Person] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    async def ask(self, who: str, method: str, path: str, /, **json: Any) -> Any:
        """What an act that must succeed answers; names in braces stand for ids."""
        self.world.tick(1000)
        url = path.format_map(self.names)
        answer = await self.world.call(method, url, self.people[who], json=self.fill(json))
        assert answer.status == 200, (method, url, answer.body)
        return answer.body

    async def make(self, name: str, who: str, path: str, /, **json: Any) -> Any:
        """The same, with a name for what was made."""
        made = await self.ask(who, "POST", path, **json)
        self.names[name] = made["id"]
        return made

    async def post(self, name: str, who: str, text: str, **more: Any) -> Any:
        return await self.make(name, who, "/api/v1/statuses", status=text, **{"visibility": "public", **more})

    def fill(self, value: Any) -> Any:
        """The same value with ids for names, however deep."""
        if isinstance(value, dict):
            return {key: self.fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        return value.format_map(self.names) if isinstance(value, str) else value


async def set_stage(world: World) -> Stage:
    stage = Stage(world)
    for part in (_people, _posts, _marks, _own_things, _strangers, _explored, _published, _collected, _counted):
        await part(stage)
    return stage


async def _people(stage: Stage) -> None:
    for name in ("anna", *FRIENDS, *OTHERS):
        await _person(stage, name)
    await _person(stage, "root", role="admin")
    for friend in FRIENDS:
        await stage.ask("anna", "POST", f"/api/v1/accounts/{{{friend}}}/follow")
        await stage.ask(friend, "POST", "/api/v1/accounts/{anna}/follow")
        await stage.ask("anna", "POST", f"/api/v1/accounts/{{{friend}}}/pin")
    await stage.ask("olga", "POST", "/api/v1/accounts/{ben}/follow")
    for first, second, verb in (("pim", "paul", "block"), ("mia", "max", "mute")):
        for other in (first, second):
            await stage.ask("anna", "POST", f"/api/v1/accounts/{{{other}}}/{verb}")
    await stage.ask("anna", "PATCH", "/api/v1/accounts/update_credentials", locked=True)
    for other in ("eve", "fred", "carl", "dora"):
        await stage.ask(other, "POST", "/api/v1/accounts/{anna}/follow")


async def _person(stage: Stage, name: str, **more: Any) -> None:
    stage.people[name] = made = await stage.world.person(name, **more)
    stage.names[name] = str(made.actor.id)


async def _posts(stage: Stage) -> None:
    await upload(stage, "attached")
    await upload(stage, "media")
    await stage.post("post", "anna", f"Bonjour @ben #ecg {LINK}", spoiler_text="cas", media_ids=["{attached}"])
    await stage.post("second", "anna", "#ecg encore")
    await stage.post("spare", "anna", "à reprendre")
    await stage.ask(
        "anna", "PUT", "/api/v1/statuses/{post}", status=f"Bonsoir @ben #ecg {LINK}", media_ids=["{attached}"]
    )
    for quote in ("quote", "another_quote"):
        await stage.post(quote, "ben", "À lire", quoted_status_id="{post}")
    await stage.post("reply", "ben", "@anna merci", in_reply_to_id="{post}")
    await stage.post("answer", "olga", "@anna @ben moi aussi", in_reply_to_id="{reply}")
    await stage.post("bens", "ben", f"#ecg #cardio {LINK}")
    poll = {"options": ["oui", "non"], "expires_in": 3600}
    asked = await stage.post("question", "ben", "Colchicine ?", poll=poll)
    stage.names["poll"] = asked["poll"]["id"]
    await stage.post("olgas", "olga", "Un cas #cardio", poll={**poll, "multiple": True})
    for friend in FRIENDS:
        await stage.post(f"letter_{friend}", friend, "@anna entre nous", visibility="direct")
    for order, conversation in enumerate(await stage.ask("anna", "GET", "/api/v1/conversations")):
        stage.names[f"conversation{order}"] = conversation["id"]


async def upload(stage: Stage, name: str) -> None:
    answer = await stage.world.post("/api/v2/media", stage.people["anna"], data=picture_form())
    assert answer.status == 200, answer.body
    stage.names[name] = answer.body["id"]


def picture_form() -> FormData:
    form = FormData(default_to_multipart=True)
    form.add_field("file", picture(), filename="ecg.png", content_type="image/png")
    form.add_field("description", "Un tracé")
    return form


async def _marks(stage: Stage) -> None:
    for friend in FRIENDS:
        for verb in ("favourite", "reblog"):
            await stage.ask(friend, "POST", f"/api/v1/statuses/{{post}}/{verb}")
    for post in ("bens", "olgas"):
        for verb in ("favourite", "bookmark"):
            await stage.ask("anna", "POST", f"/api/v1/statuses/{{{post}}}/{verb}")


async def _own_things(stage: Stage) -> None:
    for name in ("list", "spare_list"):
        await stage.make(name, "anna", "/api/v1/lists", title=name)
    await stage.ask("anna", "POST", "/api/v1/lists/{list}/accounts", account_ids=["{ben}", "{olga}"])
    for name in ("filter", "spare_filter"):
        made = await stage.make(
            name, "anna", "/api/v2/filters", title=name, context=["home"], keywords_attributes=[{"keyword": "aspirine"}]
        )
        stage.names[f"{name}_keyword"] = made["keywords"][0]["id"]
    await stage.make("hidden", "anna", "/api/v2/filters/{filter}/statuses", status_id="{bens}")
    for name in ("old_filter", "spare_old_filter"):
        await stage.make(name, "anna", "/api/v1/filters", phrase=name, context=["home"])
    later = "2028-01-01T08:00:00.000Z"
    for name in ("waiting", "waiting_too", "spare_waiting"):
        await stage.make(name, "anna", "/api/v1/statuses", status=name, scheduled_at=later)
    await stage.make("featured", "anna", "/api/v1/featured_tags", name="neuro")
    await stage.ask("anna", "POST", "/api/v1/featured_tags", name="cardio")
    for tag in ("ecg", "cardio"):
        await stage.ask("anna", "POST", f"/api/v1/tags/{tag}/follow")
    for host in ("one.example", "two.example"):
        await stage.ask("anna", "POST", "/api/v1/domain_blocks", domain=host)
    told = await stage.ask("anna", "GET", "/api/v1/notifications")
    grouped = await stage.ask("anna", "GET", "/api/v2/notifications")
    stage.names["told"], stage.names["dismissed"] = told[0]["id"], told[1]["id"]
    stage.names["group_key"] = grouped["notification_groups"][0]["group_key"]


async def _strangers(stage: Stage) -> None:
    """Whose notifications Anna holds back."""
    await stage.ask("anna", "PATCH", "/api/v2/notifications/policy", for_not_following="filter")
    for sender in SENDERS:
        await stage.post(f"post_{sender}", sender, "@anna connaissez-vous ce cas ?")
    for request in await stage.ask("anna", "GET", "/api/v1/notifications/requests"):
        stage.names[f"request_{request['account']['username']}"] = request["id"]


async def _explored(stage: Stage) -> None:
    """Ben and Nora speak publicly of one link and want to be found."""
    await stage.post("noras", "nora", f"#ecg {LINK}")
    now = stage.world.clock.now

    async def unit(tx: Transaction) -> None:
        for name in ("anna", *FRIENDS, "nora", "eve", "fred"):
            await actors.update_actor(tx, stage.people[name].actor.id, discoverable=1)
        card = await cards.get_card(tx, LINK)
        assert card is not None
        await cards.update_card(tx, card.id, {"title": "Dix ECG"}, now=now)
        await trends.count_trends(tx, now=now)

    await stage.world.write(unit)


async def _collected(stage: Stage) -> None:
    """Anna has put people together, and Ben has put her in."""
    for name in ("collection", "spare_collection"):
        await _collect(stage, name, "anna", "ben", "olga")
    await _collect(stage, "bens_collection", "ben", "anna")


async def _collect(stage: Stage, name: str, who: str, *people: str) -> None:
    ids = [f"{{{one}}}" for one in people]
    made = await stage.ask(who, "POST", "/api/v1/collections", name=name, discoverable=True, account_ids=ids)
    stage.names[name], stage.names[f"{name}_item"] = made["collection"]["id"], made["collection"]["items"][0]["id"]


async def _counted(stage: Stage) -> None:
    """Anna asked in December what her year had been."""
    before, december = stage.world.clock.now, int(datetime(2026, 12, 15, tzinfo=UTC).timestamp() * 1000)
    stage.world.clock.now = december
    await stage.ask("anna", "POST", "/api/v1/annual_reports/2026/generate")
    stage.world.clock.now = before


async def _published(stage: Stage) -> None:
    """The admin's texts, and the peers."""
    await stage.world.institution()
    made = await publish_notice(stage.world.ctx, Notice("Maintenance"), by="console")
    stage.names["announcement"] = str(made)
    text = Text("<p>Rien</p>", stage.world.clock.now)
    terms = (Terms(date(2026, 1, 1), text),)
    stage.world.change_site(privacy_policy=text, terms=terms, publish_blocks=True)
    peers = "".join(
        f'[peers."{state}.peer.example"]\norganisation = "P"\nstate = "{state}"\naccept_levels_from = "checked"\n'
        for state in ("active", "suspended")
    )
    await stage.world.ruleset(RULES + peers.replace("active.peer", "peer"))
