"""Everything that may happen in a sequence, one function each: add a function, and it is drawn.

A secret act is one that only members of the group may know of; it is left out when a sequence is played again without
its secrets. An open act is done in both. Each tells the truth what was acknowledged. Must not know how it is watched.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from federation.outbox import attestations, closing
from federation.outbox import groups as group_acts
from policies.decision import Deny, Hold
from policies.terms import Level
from tests.scenarios.model.stage import AT_HOME, HOSTS, OUTSIDERS, Stage
from tests.scenarios.model.truth import HOME, MEMBERS, Post, Truth
from tests.scenarios.world import Answer, Member
from tests.web.live import picture

ABSENT = "100000000000000001"  # an id that nothing has


@dataclass(slots=True)
class Play:
    """One sequence being played. `secret`: with its secret acts. `entitled`: who and which host is told something in it,
    besides members. `seen`: what all others were answered, in order. `links`: to whom which post gave an address of its file.
    """

    stage: Stage
    truth: Truth
    secret: bool
    entitled: frozenset[str]
    seen: list[bytes] = field(default_factory=list)
    words: int = 0
    links: dict[str, tuple[Post, str]] = field(default_factory=dict)

    def word(self) -> str:
        """A new one, which stands nowhere else and has no stem in common with another."""
        self.words += 1
        return "zorglub" + "".join(chr(ord("a") + int(digit)) for digit in f"{self.words:03}") + "x"

    def post(self, nth: int) -> Post | None:
        """The nth last post of the group that is there."""
        living = self.truth.living()
        return living[-1 - nth % len(living)] if living else None

    async def id_for(self, who: str, post: Post | None) -> str:
        """Under which id somebody's host has a post; an absent one when it has it not."""
        return (await self.stage.id_of(AT_HOME[who], post.uri) if post else "") or ABSENT

    def remote(self, who: str) -> str:
        """The address of somebody here or there."""
        return self.stage.people[who].actor.uri if who in self.stage.people else self.stage.pia.uri

    async def at_home(self, who: str) -> int:
        """The id of somebody at the group's home."""
        found = await self.stage.stored("a", self.remote(who))
        assert found is not None
        return found.id


Act = Callable[[Play, str, int], Awaitable[None]]
SECRET: dict[str, Act] = {}
OPEN: dict[str, Act] = {}


def secret(act: Act) -> Act:
    SECRET[act.__name__] = act
    return act


def public(act: Act) -> Act:
    OPEN[act.__name__] = act
    return act


def _handle(play: Play, who: str) -> str:
    a = play.stage.houses["a"].host
    return "@cardiologie" if AT_HOME[who] == "a" else f"@cardiologie@{a}"


def _here(play: Play, who: str, nth: int) -> str:
    """Who acts: a member, or somebody whose host has not heard that they are none any more; another one when it is not
    the one that was drawn, because most acts would come to nothing.
    """
    belong = sorted((play.truth.present | play.truth.unheard) & play.stage.people.keys())
    return who if who in belong else belong[nth % len(belong)]


def _note_post(play: Play, who: str, answer: Answer, word: str, **more: bool) -> None:
    """What was acknowledged must not be lost, and must not be read by others."""
    assert answer.status in {200, 403, 404, 422}, answer.body
    if answer.status == 200:
        play.truth.posts.append(Post(who, answer.body["uri"], [word], play.truth.now, **more))


# --- who belongs ------------------------------------------------------------------------------------------------------


@secret
async def join(play: Play, who: str, nth: int) -> None:
    """Ask, and be let in by Anna, unless there is a reason against it."""
    stage, truth = play.stage, play.truth
    if who in truth.present or who not in MEMBERS:
        return
    if who == "pia":
        follow = stage.wire.activity("Follow", stage.pia, stage.group.uri)
        await stage.send(stage.pia, "a", follow)
    else:
        member = stage.people[who]
        found = await member.ask(
            "GET", "/api/v2/search", q=f"@cardiologie@{stage.houses['a'].host}", resolve="true", type="accounts"
        )
        if not found.body["accounts"]:
            return
        await member.ask("POST", f"/api/v1/accounts/{found.body['accounts'][0]['id']}/follow")
    await stage.settle()
    try:
        refused = await group_acts.accept(stage.at["a"].ctx, stage.group.id, await play.at_home(who), by="anna")
    except LookupError:
        return  # the request did not arrive, or was refused
    if not isinstance(refused, Deny | Hold):
        truth.join(who)


@secret
async def leave(play: Play, who: str, nth: int) -> None:
    stage, truth = play.stage, play.truth
    if who == "anna" or who not in truth.present:
        return
    if who == "pia":
        follow = {"type": "Follow", "actor": stage.pia.uri, "object": stage.group.uri}
        undo = stage.wire.activity("Undo", stage.pia, follow)
        if not any([await stage.send(stage.pia, "a", undo) < 300 for _ in range(3)]):
            return  # it did not arrive, however often it was sent
        await stage.settle()
    else:
        group = await stage.stored(AT_HOME[who], stage.group.uri)
        assert group is not None
        answer = await stage.people[who].ask("POST", f"/api/v1/accounts/{group.id}/unfollow")
        assert answer.status == 200
    truth.end(who)
    truth.unheard.discard(who)  # it is over at once for who leaves


@secret
async def remove(play: Play, who: str, nth: int) -> None:
    others = sorted(play.truth.present - {"anna"})
    if others:
        who = who if who in others else others[nth % len(others)]
        await group_acts.remove(play.stage.at["a"].ctx, play.stage.group.id, await play.at_home(who), by="anna")
        play.truth.end(who)  # also when it had ended there: a quarantined host's attestations count for nothing


@secret
async def ban(play: Play, who: str, nth: int) -> None:
    if who in MEMBERS and who != "anna":
        await group_acts.ban(play.stage.at["a"].ctx, play.stage.group.id, await play.at_home(who), by="anna")
        play.truth.end(who)
        play.truth.banned.add(who)


@secret
async def unban(play: Play, who: str, nth: int) -> None:
    if who in play.truth.banned:
        await group_acts.unban(play.stage.at["a"].ctx, play.stage.group.id, await play.at_home(who), by="anna")
        play.truth.banned.discard(who)


# --- what is said -----------------------------------------------------------------------------------------------------


@secret
async def post(play: Play, who: str, nth: int) -> None:
    """Something to the group: plain, under a warning, with a poll, with a file, or naming people who are not in it."""
    who = _here(play, who, nth)
    member = play.stage.people[who]
    word = play.word()
    choices: list[dict[str, Any]] = [
        {},
        {"spoiler_text": f"{word} warning"},
        {"poll": {"options": [f"{word} oui", "non"], "expires_in": 86_400}},
        {"language": "fr"},
        {"media_ids": []},
    ]
    more = choices[nth % 5]
    if "media_ids" in more:
        more["media_ids"] = [await _upload(member, word)]
    names = f" @nina@{play.stage.houses['b'].host} @paul@{play.stage.wire.host}" if nth % 5 == 3 else ""
    visibility = ("public", "unlisted", "private")[nth % 3]
    answer = await member.ask(
        "POST",
        "/api/v1/statuses",
        status=f"{_handle(play, who)} {word} #cardio{names}",
        visibility=visibility,
        **more,
    )
    _note_post(play, who, answer, word, poll="poll" in more)


async def _upload(member: Member, word: str) -> str:
    """The id of a picture whose name and description nobody else may read."""
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("file", picture(), filename=f"{word}.png", content_type="image/png")
    form.add_field("description", f"{word} radio")
    instance = member.instance
    headers = {"Authorization": f"Bearer {member.token}"}
    async with instance.session.post(f"{instance.ctx.origin.base}/api/v2/media", data=form, headers=headers) as answer:
        assert answer.status == 200, await answer.read()
        return str((await answer.json())["id"])


@secret
async def open_file(play: Play, who: str, nth: int) -> None:
    """Somebody who may opens the file of a post, and keeps its address."""
    who, opened = _here(play, who, nth), play.post(nth)
    if opened is None:
        return
    member = play.stage.people[who]
    shown = await member.ask("GET", f"/api/v1/statuses/{await play.id_for(who, opened)}")
    if shown.status == 200 and shown.body["media_attachments"]:
        address = shown.body["media_attachments"][0]["url"].removeprefix(member.instance.ctx.origin.base)
        play.links[who] = (opened, address)
        await member.instance.ask("GET", address)  # which may be cut off from the file's home


@secret
async def reply(play: Play, who: str, nth: int) -> None:
    who, answered = _here(play, who, nth), play.post(nth)
    if answered is None:
        return
    member = play.stage.people[who]
    word = play.word()
    visibility = ("public", "private")[nth % 2]
    answer = await member.ask(
        "POST",
        "/api/v1/statuses",
        status=f"{word} d'accord",
        visibility=visibility,
        in_reply_to_id=await play.id_for(who, answered),
    )
    _note_post(play, who, answer, word)


@secret
async def quote(play: Play, who: str, nth: int) -> None:
    """Within the group, and (which must not be) in public."""
    who, quoted = _here(play, who, nth), play.post(nth)
    if quoted is None:
        return
    member = play.stage.people[who]
    word = play.word()
    group = f"{_handle(play, who)} " if nth % 2 else ""
    answer = await member.ask(
        "POST",
        "/api/v1/statuses",
        status=f"{group}{word}",
        visibility="public",
        quoted_status_id=await play.id_for(who, quoted),
    )
    assert group or answer.status != 200, "a group-only post was quoted outside"
    _note_post(play, who, answer, word)


@secret
async def boost(play: Play, who: str, nth: int) -> None:
    """Which must not be."""
    who, boosted = _here(play, who, nth), play.post(nth)
    if boosted is not None:
        member = play.stage.people[who]
        asked = {"visibility": "public"} if nth % 2 else {}
        answer = await member.ask("POST", f"/api/v1/statuses/{await play.id_for(who, boosted)}/reblog", **asked)
        assert answer.status in {403, 404, 422}, "a group-only post was boosted"


@secret
async def edit(play: Play, who: str, nth: int) -> None:
    changed = play.post(nth)
    if changed is None or changed.poll:
        return
    author, word = play.stage.people[changed.author], play.word()
    text = f"{_handle(play, changed.author)} {word} corrigé"
    answer = await author.ask("PUT", f"/api/v1/statuses/{await play.id_for(changed.author, changed)}", status=text)
    assert answer.status in {200, 403, 404, 422}, answer.body
    if answer.status == 200:
        changed.words.append(word)


@secret
async def delete(play: Play, who: str, nth: int) -> None:
    gone = play.post(nth)
    if gone is not None:
        author = play.stage.people[gone.author]
        answer = await author.ask("DELETE", f"/api/v1/statuses/{await play.id_for(gone.author, gone)}")
        assert answer.status == 200, answer.body
        gone.gone = True


@secret
async def vote(play: Play, who: str, nth: int) -> None:
    polls = [one for one in play.truth.living() if one.poll]
    who = _here(play, who, nth)
    member = play.stage.people[who]
    if polls:
        answer = await member.ask("GET", f"/api/v1/statuses/{await play.id_for(who, polls[-1])}")
        if answer.status == 200:
            await member.ask("POST", f"/api/v1/polls/{answer.body['poll']['id']}/votes", choices=[nth % 2])


@secret
async def mark(play: Play, who: str, nth: int) -> None:
    """A member likes, keeps or mutes a post."""
    who, marked = _here(play, who, nth), play.post(nth)
    if marked is not None:
        member = play.stage.people[who]
        act = ("favourite", "bookmark", "unfavourite", "mute")[nth % 4]
        await member.ask("POST", f"/api/v1/statuses/{await play.id_for(who, marked)}/{act}")


@secret
async def report(play: Play, who: str, nth: int) -> None:
    """A member reports a post, here and to its author's home."""
    who, reported = _here(play, who, nth), play.post(nth)
    if reported is None:
        return
    member = play.stage.people[who]
    shown = await member.ask("GET", f"/api/v1/statuses/{await play.id_for(who, reported)}")
    if shown.status == 200:
        said = {"account_id": shown.body["account"]["id"], "status_ids": [shown.body["id"]], "forward": True}
        await member.ask("POST", "/api/v1/reports", comment="à revoir", **said)


@secret
async def search(play: Play, who: str, nth: int) -> None:
    who, sought = _here(play, who, nth), play.post(nth)
    if sought is not None:
        member = play.stage.people[who]
        assert (await member.ask("GET", "/api/v2/search", q=sought.word)).status == 200


@secret
async def pin(play: Play, who: str, nth: int) -> None:
    """Anna acts as the group."""
    pinned = play.post(nth)
    if pinned is not None:
        act = ("pin", "unpin")[nth % 2]
        found = await play.id_for("anna", pinned)
        await play.stage.at["a"].ask("POST", f"/api/v1/statuses/{found}/{act}", token=play.stage.guise)


@secret
async def take_down(play: Play, who: str, nth: int) -> None:
    """The group deletes a post of a member."""
    gone = play.post(nth)
    if gone is not None:
        found = await play.id_for("anna", gone)
        done = await group_acts.remove_post(play.stage.at["a"].ctx, play.stage.group.id, int(found), by="anna")
        gone.gone = gone.gone or done


@secret
async def close(play: Play, who: str, nth: int) -> None:
    """Anna archives the group, or opens it again. What is said elsewhere before that is known there comes too late."""
    a, act = play.stage.at["a"], (closing.archive, closing.reopen)[nth % 2]
    await act(a.ctx, play.stage.group.id, by="anna")
    play.truth.disturb("b", "c", "p")


# --- what everybody may know ------------------------------------------------------------------------------------------


@public
async def greet(play: Play, who: str, nth: int) -> None:
    """Somebody says something to everybody."""
    if who in AT_HOME:
        said = await play.stage.people[who].ask(
            "POST", "/api/v1/statuses", status=f"Bonjour {nth} #cardio", visibility=("public", "unlisted")[nth % 2]
        )
        assert said.status == 200, said.body


@public
async def prod(play: Play, who: str, nth: int) -> None:
    """An outsider, told of a post of the group by its id, tries to do something with it."""
    outsider = sorted(OUTSIDERS)[nth % len(OUTSIDERS)]
    found = await play.id_for(outsider, play.post(nth))
    choices: list[tuple[str, dict[str, Any]]] = [
        (f"/api/v1/statuses/{found}/favourite", {}),
        (f"/api/v1/statuses/{found}/reblog", {}),
        (f"/api/v1/statuses/{found}/bookmark", {}),
        ("/api/v1/statuses", {"status": "moi aussi", "in_reply_to_id": found}),
        ("/api/v1/statuses", {"status": "voir", "quoted_status_id": found}),
        (f"/api/v1/statuses/{found}/translate", {}),
        (f"/api/v1/polls/{found}/votes", {"choices": [0]}),
    ]
    act, body = choices[nth % len(choices)]
    answer = await play.stage.people[outsider].ask("POST", act, **body)
    play.seen.append(f"prod {outsider} {nth}: {answer.status} ".encode() + answer.raw)


@public
async def revoke(play: Play, who: str, nth: int) -> None:
    """Somebody is not verified any more, and so no member."""
    if who in AT_HOME and who in MEMBERS and who != "anna":
        home = play.stage.at[HOME[who]]
        await attestations.revoke(home.ctx, play.stage.people[who].actor.id, reason="test", by="console")
        play.truth.revoked.add(who)
        play.truth.end(who)


@public
async def verify(play: Play, who: str, nth: int) -> None:
    if who in play.truth.revoked:
        home = play.stage.at[HOME[who]]
        evidence = attestations.Evidence("physician", Level.CHECKED, ("cardiology",))
        await attestations.verify(home.ctx, play.stage.people[who].actor.id, evidence, by="console")
        play.truth.revoked.discard(who)


@public
async def suspend(play: Play, who: str, nth: int) -> None:
    """One institution ends what it has with another: memberships there are over."""
    await _judge(play, who, nth, "suspended")


@public
async def quarantine(play: Play, who: str, nth: int) -> None:
    await _judge(play, who, nth, "quarantined")


@public
async def restore(play: Play, who: str, nth: int) -> None:
    """All peers are active again, by a new version of the rules."""
    for name in HOSTS:
        if any(judge == name for judge, _ in play.truth.states):
            await play.stage.at[name].rule(play.stage.rules(name))
    play.truth.states.clear()


async def _judge(play: Play, who: str, nth: int, state: str) -> None:
    truth = play.truth
    judge, about = [("a", "b"), ("b", "a"), ("a", "c"), ("c", "a"), ("a", "p")][nth % 5]
    truth.states[judge, about] = state
    own = {other: said for (one, other), said in truth.states.items() if one == judge}
    await play.stage.at[judge].rule(play.stage.rules(judge, **own))
    truth.disturb(judge if judge != "a" else about)
    if state == "suspended":
        ended = about if judge == "a" else judge
        for member in [one for one in truth.present if HOME[one] == ended]:
            truth.end(member)


@public
async def pass_time(play: Play, who: str, nth: int) -> None:
    """An hour, or long enough for leases to lapse, or days."""
    await play.stage.pass_hours((1, 25, 1, 50)[nth % 4])
    play.truth.now = play.stage.clock.time
    play.truth.renew()


@public
async def cut_off(play: Play, who: str, nth: int) -> None:
    """From now on one of our instances and the others do not reach each other."""
    name = HOSTS[nth % 3]
    play.stage.cut.add(play.stage.houses[name].host)
    play.truth.down.add(name)


@public
async def reconnect(play: Play, who: str, nth: int) -> None:
    """Also everything arrives that waited: how long a host rests after failures is left to chance, but no more than this."""
    if play.truth.down:
        play.stage.cut.clear()
        play.truth.down.clear()
        await play.stage.pass_hours(31)
        play.truth.now = play.stage.clock.time
        play.truth.renew()


@public
async def restart(play: Play, who: str, nth: int) -> None:
    await play.stage.restart(HOSTS[nth % 3])


@public
async def skew(play: Play, who: str, nth: int) -> None:
    """A clock goes wrong, within what signatures allow."""
    play.stage.houses[HOSTS[nth % 3]].clock.wrong = (-40_000, 0, 40_000)[nth // 3 % 3]
