"""What people, apps and servers that are not entitled are answered and sent, every byte of it.

After each act those routes are asked that an act can change, by somebody at each instance; at the end all routes, by those
whose turn it is. The machinery is that of the leak tests. Must not know what was done, only which words are whose.
"""

import re
from collections.abc import AsyncIterator

from federation.signing import Keys, signing
from federation.wire.signatures import Scheme
from server.intruder import Attempt, Intruder, Knowledge, Result, intrude, list_attempts
from tests.federation.peer import Someone
from tests.scenarios.model.acts import ABSENT, Play
from tests.scenarios.model.stage import AT_HOME
from tests.scenarios.model.truth import HOME, Post
from tests.scenarios.test_non_interference import rename, renamed

MARK = b"zorglub"  # begins every secret word
# An instance's own actor asks for all its people; nobody else's answers are read by who may become a member.
_STANDS_FOR = {"localhost": "pia"}
# An admin who knows the id of a post is told where it went, not what it says (design: "explain and simulate").
_ANSWERS_ADMINS = ("/explanation",)
_WORD = re.compile(MARK + rb"[a-z]*")
_SIGNED = re.compile(
    rb"(?<=')(?:SHA-256=|sha-256=:|keyId=|sig1=|\d+(?='))[^']*|z[1-9A-HJ-NP-Za-km-z]{80,90}|(?<=\?nonce=)\w+"
)


async def sign_in(play: Play) -> None:
    """Everybody looks in, once a week: how many do is published, and members do so anyway."""
    for member in play.stage.people.values():
        await member.home()


async def look_around(play: Play, turn: int) -> None:
    """An outsider whose turn it is, and everybody who is a member no more, look where something may have changed."""
    newest = play.truth.posts[-1] if play.truth.posts else None
    outsider = ("olga", "nina", "carl", "chief")[turn % 4]
    answers = await _look(play, outsider, newest)
    if outsider not in play.entitled:
        play.seen += answers
    for who in sorted(play.truth.ever):
        if who in AT_HOME and play.truth.forbidden(who):
            await _look(play, who, newest)
    await _try_files(play)


async def _try_files(play: Play) -> None:
    """Addresses of files that members have kept: no longer good for who is none, and never without what it was given for."""
    for who, (post, address) in play.links.items():
        at = play.stage.at[AT_HOME[who]]
        outsider = next(one for one in ("olga", "nina", "carl") if AT_HOME[one] == AT_HOME[who])
        answer = await at.ask("GET", address.partition("?")[0], token=play.stage.people[outsider].token)
        assert answer.status == 404, f"{outsider} got the file of {post}"
        if not play.truth.may_read(who, post):
            answer = await at.ask("GET", address, token=play.stage.people[who].token)
            assert answer.status == 404, f"{who} still got the file of {post}"


async def _look(play: Play, who: str, post: Post | None) -> list[bytes]:
    """What somebody is answered now: nothing that they may not read. `post`: what they have heard of."""
    member, at = play.stage.people[who], play.stage.at[AT_HOME[who]]
    found = await play.id_for(who, post)
    word = post.word if post else "zorglub"
    attempts = [
        Attempt("GET", "", path)
        for path in (
            "/api/v1/timelines/home",
            "/api/v1/timelines/public",
            "/api/v1/notifications",
            f"/api/v1/statuses/{found}",
            f"/api/v1/statuses/{found}/context",
            f"/api/v2/search?q={word}",
        )
    ]
    answers = []
    async for result in intrude(at.session, at.ctx.origin.base, Intruder(who, token=member.token), attempts):
        check(play, who, result)
        answers.append(_plain(rename(f"{who}: {result.attempt.path} ".encode() + result.everything)))
    return answers


def _plain(answer: bytes) -> bytes:
    """Without the words that were asked for, which are others in each run."""
    return _WORD.sub(b"<word>", answer)


def check(play: Play, who: str, result: Result) -> None:
    """An answer holds no word that somebody may not read. An answer may repeat the question: that is no find."""
    assert result.status < 500, f"{result.attempt}: {result.body[:300]!r}"
    assert result.status != 429, "who is turned away for asking often finds nothing, and proves nothing"
    if MARK not in result.everything:
        return
    sent = str(result.attempt.path) + str(result.attempt.body)
    for word in play.truth.forbidden(who):
        found = result.everything.count(word.encode()) > (1 if word in sent else 0)
        assert not found, f"{who} found {word}: {result.attempt} gave {result.everything[:3000]!r}"


def overheard(play: Play) -> list[bytes]:
    """Everything that came to the wiretap, in which two runs may be compared. When a retry is made is left to chance."""
    return sorted(
        rename(_SIGNED.sub(b"<signed>", f"{one.method} {one.path} {sorted(one.headers.items())} ".encode() + one.body))
        for one in play.stage.wire.asked
    )


def check_wire(play: Play, since: int, *, entitled: bool) -> None:
    """What came to the wiretap since then (a count of its requests): no word of the group while it had no member."""
    for asked in play.stage.wire.asked[since:]:
        said = asked.path.encode() + str(dict(asked.headers)).encode() + asked.body
        assert entitled or MARK not in said, f"sent to a server without members: {said!r}"


async def look_everywhere(play: Play, turn: int) -> None:
    """All routes: by those whose turn it is of who never belonged, at the group's home, elsewhere and as a server, and by
    who belongs no more.
    """
    everyone = {"a": _outsiders_at_home(play), "b": _servers(play)}
    elsewhere = [("b", "nina"), ("c", "carl"), ("b", ""), ("c", "")]
    at, name = elsewhere[turn % len(elsewhere)]
    tried = [
        ("a", everyone["a"][turn % len(everyone["a"])]),
        (at, Intruder(name, token=play.stage.people[name].token) if name else Intruder("nobody")),
        (("a", "a", "b")[turn % 3], everyone["b"][turn // 3 % len(everyone["b"])]),
    ]
    for at, intruder in tried:
        answers = [
            f"{intruder.name}: ".encode() + _plain(renamed(one))
            async for one in _try_all(play, at, intruder)
            if not (intruder.name == "chief" and one.attempt.route.endswith(_ANSWERS_ADMINS))
        ]
        if intruder.name not in play.entitled and not ("p" in play.entitled and intruder.name in {"paul", "localhost"}):
            play.seen += answers
    former = [who for who in sorted(play.truth.ever) if who in AT_HOME and play.truth.forbidden(who)]
    for who in former[:1]:
        async for _ in _try_all(play, AT_HOME[who], Intruder(who, token=play.stage.people[who].token)):
            pass
    if "pia" in play.truth.ever and play.truth.forbidden("pia"):
        async for _ in _try_all(play, "a", _server(play, play.stage.pia, fresh=True)):
            pass


def _outsiders_at_home(play: Play) -> list[Intruder]:
    people = [Intruder(name, token=play.stage.people[name].token) for name in ("olga", "chief")]
    others = [Intruder("another group", token=play.stage.foreign_guise), Intruder("an app", token=play.stage.app)]
    return [*people, *others, Intruder("nobody")]


def _servers(play: Play) -> list[Intruder]:
    stage = play.stage
    return [
        _server(play, stage.paul, fresh=False),
        *(_server(play, one, fresh=True) for one in (stage.paul, stage.wire.instance, stage.eve)),
    ]


def _server(play: Play, one: Someone, *, fresh: bool) -> Intruder:
    scheme = Scheme.RFC9421 if fresh else Scheme.CAVAGE
    keys = Keys(one.keys.rsa, one.keys.ed25519)
    return Intruder(one.name, sign=signing(keys, play.stage.clock, scheme=scheme, fresh=fresh))


async def _try_all(play: Play, at: str, intruder: Intruder) -> AsyncIterator[Result]:
    instance, known = play.stage.at[at], await _knowledge(play, at)
    attempts = [
        one
        for one in list_attempts(instance.app, known, federation_only=intruder.sign is not None)
        if one.method == "GET" and not one.route.endswith("/")
    ]
    async for result in intrude(instance.session, instance.ctx.origin.base, intruder, attempts):
        check(play, _STANDS_FOR.get(intruder.name, intruder.name), result)
        yield result


async def _knowledge(play: Play, at: str) -> Knowledge:
    """What an insider could betray: of the newest post that is at this instance, of Anna and of the group."""
    a = play.stage.houses["a"].host
    post = play.truth.posts[-1] if play.truth.posts else None
    post_id = (await play.stage.id_of(at, post.uri) if post else "") or ABSENT
    people = [await play.stage.stored(at, uri) for uri in (play.stage.people["anna"].actor.uri, play.stage.group.uri)]
    assert all(people)
    ids = (post_id, *(str(one.id) for one in people if one))
    uri = post.uri if post else f"http://{a}/ap/objects/{ABSENT}"
    return Knowledge(ids, (uri, play.stage.group.uri), ("cardiologie",), (post.word if post else "zorglub",))


async def check_kept(play: Play) -> None:
    """Nothing acknowledged is lost: once all is settled, whoever must be able to read a post can."""
    for post in play.truth.posts:
        for who in sorted(play.truth.ever & AT_HOME.keys()):
            if play.truth.must_read(who, post):
                member = play.stage.people[who]
                answer = await member.ask("GET", f"/api/v1/statuses/{await play.id_for(who, post)}")
                assert answer.status == 200, f"{post} is lost for {who}: {answer.status}"
                assert post.word.encode() in answer.raw, f"{post} is not up to date for {who}: {answer.raw!r}"


async def check_stored(play: Play) -> None:
    """Where nobody ever belonged, nothing of the group is stored, in any column of any table; in logs it is nowhere, and
    nothing of it was streamed to an outsider.
    """
    for who, said in play.stage.heard:
        assert MARK.decode() not in said, f"streamed to {who}: {said}"
    for line in play.stage.log.lines:
        assert MARK.decode() not in line, f"written in a log: {line}"
    for name in ("b", "c"):
        if not any(HOME[who] == name for who in play.truth.ever):
            assert not await play.stage.houses[name].copy.holds(MARK), f"{name} keeps what it has no members for"
