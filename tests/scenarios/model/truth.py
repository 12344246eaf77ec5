"""Who belongs, and so who may read what: a small model, told what was done and what the group's home answered.

Pure, and much smaller than what it judges. Where a message may be under way it takes no side: `may_read` is what nobody
may exceed, `must_read` what nobody may be denied once everything is settled. Must not know any address, id or route.
"""

from dataclasses import dataclass, field

from tests.scenarios.model.stage import AT_HOME, CANDIDATES, HOUR

LEASE = 24 * HOUR + HOUR // 12  # clocks may differ
HOME = AT_HOME | {"pia": "p"}
MEMBERS = (*CANDIDATES, "pia")


@dataclass(slots=True)
class Post:
    """One acknowledged post to the group. `words`: what stands in it and nowhere else, also in former versions."""

    author: str
    uri: str
    words: list[str]
    made: int
    poll: bool = False
    gone: bool = False

    @property
    def word(self) -> str:
        """What stands in it now."""
        return self.words[-1]


@dataclass(slots=True)
class Truth:
    """`present`: members by the word of the group's home. `since`: from when on somebody has been one whom nothing kept
    from being told. `unheard`: their membership has ended, and their host may not have heard. `leased`: when a host last
    could have been told that its members are members. `down`: hosts that nothing reaches.
    `states`: how one host (first) sees another, if not as an active peer.
    """

    now: int
    present: set[str] = field(default_factory=lambda: {"anna"})
    since: dict[str, int] = field(default_factory=lambda: {"anna": 0})
    ever: set[str] = field(default_factory=lambda: {"anna"})
    banned: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    leased: dict[str, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    posts: list[Post] = field(default_factory=list)

    def join(self, who: str) -> None:
        self.present.add(who)
        self.ever.add(who)
        self.unheard.discard(who)
        self.since[who] = self.now
        self.leased[HOME[who]] = self.now

    def end(self, who: str) -> None:
        """Somebody's membership is over at the group's home."""
        if who in self.present:
            self.present.discard(who)
            self.since.pop(who, None)
            if HOME[who] in {"b", "c"}:
                self.unheard.add(who)

    def settle(self) -> None:
        """All messages that could arrive have."""
        self.unheard = {who for who in self.unheard if HOME[who] in self.down}

    def renew(self) -> None:
        """Slices were pulled by everybody who could."""
        for host in ("b", "c"):
            if not self.down & {"a", host} and self.states.get(("a", host), "active") == "active":
                self.leased[host] = self.now

    def disturb(self, *hosts: str) -> None:
        """What is posted from now on may not reach these hosts, nor come from them."""
        for who in [one for one in self.since if HOME[one] in hosts]:
            del self.since[who]

    def may_read(self, who: str, post: Post) -> bool:
        if who not in HOME:
            return False
        if who == post.author:
            return True
        belongs = who in self.present or who in self.unheard
        return belongs and (HOME[who] in {"a", "p"} or self.now < self.leased[HOME[who]] + LEASE)

    def must_read(self, who: str, post: Post) -> bool:
        if post.gone:
            return False
        if who == post.author:
            return True
        steady = [self.since.get(one) for one in (who, post.author)]
        return all(moment is not None and moment <= post.made for moment in steady)

    def may_be_sent(self, host: str) -> bool:
        """Whether anything of the group may go to a host now."""
        return any(HOME[who] == host for who in self.present) and self.states.get(("a", host), "active") == "active"

    def forbidden(self, who: str) -> list[str]:
        """Words that somebody may not read now."""
        return [word for post in self.posts if not self.may_read(who, post) for word in post.words]

    def living(self) -> list[Post]:
        return [post for post in self.posts if not post.gone]
