"""All orders in which messages about memberships can arrive, tried on the rules that run in production.

A small world: two groups with their homes, three hosts, four members, a clock in hours. Whatever was sent may be delivered
at any later time, or never, and answers any number of times: so loss, duplication and reordering are all there. A Follow,
its Undo and a post are applied once, as the inbox sees to by their ids, but for a crash between applying and noting that. Host by host a backup may be taken and put back. A breadth-first search visits every state within
a budget of acts and asks after each what must never be; the shortest way there is told in words.

Decisions are made by `policies.seats`, `membership`, `posting`, `delivery`, `admission` and `visibility`. What is written
here is only what moves: who holds which fact, and what is under way. A row lock is that counting a group's hosts and
sending to them is one step.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from policies import posting, seats
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Allow, Decision, Deny, Limit
from policies.delivery import SendFacts, may_send
from policies.membership import HOUR, JoinFacts, Joining, lease_live, may_join, next_epoch
from policies.posting import GroupFacts, ParentFacts, PostFacts
from policies.rules import parse
from policies.ruleset import day_of
from policies.seats import Seat, Told
from policies.terms import Audience, Kind, Level
from policies.verification import AttestationFacts
from policies.visibility import SeeFacts, may_see

START = 1_795_000_000_000
LEASE = 1  # hours, the least there is
HOSTS = ("A", "B", "C")
ONCE = frozenset({"follow", "undo", "submit"})
HOMES = ("A", "B")  # of groups 0 and 1

Message = tuple[object, ...]
Held = tuple[Seat | None, str]
"""What a group's home knows of somebody: the seat, and the Follow that it began with."""


@dataclass(frozen=True)
class Member:
    name: str
    host: str
    groups: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class World:
    """Who there is, and how often each act may happen. `locked`: counting hosts and sending to them is one step."""

    members: tuple[Member, ...]
    budget: dict[str, int]
    locked: bool = True


class Copy(NamedTuple):
    """What a host holds, and what a backup of it is."""

    home: tuple[tuple[int, tuple[Held, ...]], ...]  # by group: epoch, and what is known of each member
    seats: tuple[tuple[Seat | None, ...], ...]  # by group: of each member, where it is theirs
    epochs: tuple[int, ...]  # by group: the last that was heard
    posts: frozenset[tuple[int, int]]  # (group, number)
    noted: tuple[
        tuple[tuple[int, int], ...], ...
    ]  # by group and member: epochs of the last grant and the last removal heard


class State(NamedTuple):
    hours: int
    copies: tuple[Copy, ...]
    sent: frozenset[Message]
    asked: tuple[int, ...]  # Follows of each member
    removed: tuple[tuple[int, str], ...]  # by group, member: when the home last ended it (hours), and its Follow
    posted: int
    done: frozenset[Message]  # applied once and for all
    sending: frozenset[Message]  # counted and not sent yet: only where nothing is locked
    spent: tuple[int, ...]
    saved: tuple[Copy | None, ...]


class Step(NamedTuple):
    """One act and the state after it; `wrong` says what must never be."""

    words: str
    state: State
    wrong: str = ""


RULES = parse(
    '[instance]\norganisation = "H"\n[audiences]\ngroup = "members"\n'
    + "".join(f'[peers."{host.lower()}.example"]\norganisation = "{host}"\nstate = "active"\n' for host in HOSTS)
)


def address(host: str) -> str:
    return f"{host.lower()}.example"


class Search:
    """One world. `run` answers how many states there are, and the shortest way to one that must never be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acts = tuple(world.budget)

    def run(self, most: int = 1_000_000) -> tuple[int, list[str] | None]:
        first = self.first()
        parents: dict[State, tuple[State, str] | None] = {first: None}
        queue = deque([first])
        while queue and len(parents) < most:
            state = queue.popleft()
            for step in self.steps(state):
                wrong = step.wrong or self.wrong(step.state)
                if wrong:
                    return len(parents), [*self._way(parents, state), step.words, f"→ {wrong}"]
                if step.state not in parents:
                    parents[step.state] = (state, step.words)
                    queue.append(step.state)
        return len(parents), None

    @staticmethod
    def _way(parents: dict[State, tuple[State, str] | None], state: State) -> list[str]:
        words: list[str] = []
        while (before := parents[state]) is not None:
            state, said = before
            words.append(said)
        return words[::-1]

    def first(self) -> State:
        count = len(self.world.members)
        nobody: tuple[Held, ...] = ((None, ""),) * count
        copy = Copy(
            home=((0, nobody),) * len(HOMES),
            seats=((None,) * count,) * len(HOMES),
            epochs=(0,) * len(HOMES),
            posts=frozenset(),
            noted=(((0, 0),) * count,) * len(HOMES),
        )
        return State(
            0,
            (copy,) * len(HOSTS),
            frozenset(),
            (0,) * count,
            ((-9, ""),) * (count * len(HOMES)),
            0,
            frozenset(),
            frozenset(),
            (0,) * len(self.acts),
            (None,) * len(HOSTS),
        )

    # --- what must never be ---------------------------------------------------------------------------------------

    def wrong(self, state: State) -> str:
        """Invariants 1 and 7: who reads is a member, or was one until less than a lease ago; after a removal was heard,
        nobody reads by what was granted before it, nor is let in again by the Follow that they were let in by.
        """
        for group, home in enumerate(HOMES):
            for who, member in enumerate(self.world.members):
                known, follow = state.copies[HOSTS.index(home)].home[group][1][who]
                ended, former = state.removed[group * len(self.world.members) + who]
                if known is not None and known.state == seats.ACTIVE and follow == former:
                    return f"{member.name} is in group {group} again by the Follow that was answered before the removal"
                posts = [post for post in state.copies[HOSTS.index(member.host)].posts if post[0] == group]
                if not posts or not self.reads(state, group, who):
                    continue
                absent = known is None or known.state != seats.ACTIVE
                if absent and (member.host == home or state.hours >= ended + LEASE):
                    return f"{member.name} reads in group {group} and is no member"
                granted, gone = state.copies[HOSTS.index(member.host)].noted[group][who]
                if member.host != home and gone >= granted > 0:
                    return f"{member.name} reads in group {group} after {member.host} heard of the removal"
        return ""

    def reads(self, state: State, group: int, who: int) -> bool:
        member = self.world.members[who]
        copy = state.copies[HOSTS.index(member.host)]
        here = HOMES[group] == member.host
        seat = copy.home[group][1][who][0] if here else copy.seats[group][who]
        facts = SeeFacts(
            Audience.GROUP,
            viewer_active=True,
            member=seat is not None and seat.state == seats.ACTIVE,
            group_remote=not here,
            lease_live=seat is not None and lease_live(seat.lease_until, self.now(state)),
        )
        return isinstance(may_see(facts), Allow)

    # --- what can happen ------------------------------------------------------------------------------------------

    def steps(self, state: State) -> Iterator[Step]:
        yield from self.own_acts(state)
        for message in state.sent:
            yield from self.deliver(state, message)
        for message in state.sending:
            yield self.flush(state, message)
        for host in range(len(HOSTS)):
            yield from self.of_host(state, host)
        if (spent := self.spend(state, "tick")) is not None:
            yield Step("an hour passes", spent._replace(hours=state.hours + 1))

    def own_acts(self, state: State) -> Iterator[Step]:
        for who, member in enumerate(self.world.members):
            for group in member.groups:
                yield from self.ask(state, who, group)
                yield from self.leave(state, who, group)
                yield from self.remove(state, who, group)
                yield from self.post(state, who, group)
            if len(member.groups) > 1:
                yield from self.answer_elsewhere(state, who)

    def of_host(self, state: State, host: int) -> Iterator[Step]:
        name, copy = HOSTS[host], state.copies[host]
        for group in range(len(HOMES)):
            if HOMES[group] != name and (spent := self.spend(state, "pull")) is not None:
                told = self.slice(state, group, name)
                yield Step(
                    f"{HOMES[group]} writes {name} its slice of group {group}", spent._replace(sent=state.sent | {told})
                )
        yield from self.purge(state, host)
        if (spent := self.spend(state, "backup")) is not None:
            yield Step(f"{name} is backed up", spent._replace(saved=put(state.saved, host, copy)))
        saved = state.saved[host]
        if saved is not None and (spent := self.spend(state, "restore")) is not None:
            yield Step(f"{name} is restored, an hour later", self.restore(spent, host, saved))

    def ask(self, state: State, who: int, group: int) -> Iterator[Step]:
        member, host = self.world.members[who], HOSTS.index(self.world.members[who].host)
        twin = who > 0 and self.world.members[who - 1].host == member.host and not state.asked[who - 1]
        spent = self.spend(state, "ask")
        seat = state.copies[host].seats[group][who]
        if spent is None or twin or (seat is not None and seat.state in seats.PRESENT):
            return
        number = state.asked[who] + 1
        state = spent._replace(asked=put(state.asked, who, number))
        words = f"{member.name} asks to join group {group}"
        if HOMES[group] == member.host:
            yield Step(words, self.join(state, who, group, f"{who}/{number}"))
            return
        asking = Seat(seats.ASKING, seat.epoch if seat else 0)
        yield Step(words, send(self.sit(state, who, group, asking), ("follow", who, group, f"{who}/{number}")))

    def leave(self, state: State, who: int, group: int) -> Iterator[Step]:
        member, host = self.world.members[who], HOSTS.index(self.world.members[who].host)
        seat = state.copies[host].seats[group][who]
        if seat is None or seat.state not in seats.PRESENT or (spent := self.spend(state, "leave")) is None:
            return
        gone = self.sit(spent, who, group, seats.left(seat))
        yield Step(f"{member.name} leaves group {group}", send(gone, ("undo", who, group, f"{who}/{state.asked[who]}")))

    def remove(self, state: State, who: int, group: int) -> Iterator[Step]:
        known, _ = state.copies[HOSTS.index(HOMES[group])].home[group][1][who]
        if known is None or known.state != seats.ACTIVE or (spent := self.spend(state, "remove")) is None:
            return
        yield Step(
            f"{HOMES[group]} removes {self.world.members[who].name} from group {group}", self.end(spent, who, group)
        )

    def post(self, state: State, who: int, group: int) -> Iterator[Step]:
        member, home = self.world.members[who], HOMES[group]
        copy = state.copies[HOSTS.index(member.host)]
        seat = copy.home[group][1][who][0] if home == member.host else copy.seats[group][who]
        if not passes(self.may_post(seat, group, state)) or (spent := self.spend(state, "post")) is None:
            return
        state = spent._replace(posted=state.posted + 1)
        submitted = ("submit", who, group, state.posted)
        words = f"{member.name} posts {state.posted} to group {group}"
        if home == member.host:
            yield Step(words, self.distribute(state, group, state.posted))
        else:
            yield Step(words, send(state, submitted))

    def answer_elsewhere(self, state: State, who: int) -> Iterator[Step]:
        """Invariant 2: an answer in one group to a post of another would take it there."""
        first, other = self.world.members[who].groups[:2]
        facts = PostFacts(
            Audience.GROUP,
            groups=tuple(GroupFacts(str(group), member=self.reads(state, group, who)) for group in (first, other)),
            parent=ParentFacts(Audience.GROUP, str(first)),
        )
        if passes(posting.decide(facts, RULES, self.now(state))):
            name = self.world.members[who].name
            yield Step(
                f"{name} answers a post of group {first} in group {other}", state, "the answer is in another group"
            )

    # --- messages -------------------------------------------------------------------------------------------------

    def deliver(self, state: State, message: Message) -> Iterator[Step]:
        again = message in state.done
        before = self.spend(state, "crash") if again else state
        if before is None:
            return
        after: State | None = getattr(self, f"on_{message[0]}")(before, *message[1:])
        if after is None or after == before:
            return
        if message[0] in ONCE:
            after = after._replace(done=after.done | {message})
        yield Step(f"{self.told(message)}{', again after a crash' if again else ''}", after)

    def told(self, message: Message) -> str:
        kind, first, group, *rest = message
        if kind in {"slice", "announce"}:
            return f"{first} hears {kind} of group {group} {rest}"
        return f"{kind} of {self.world.members[int(str(first))].name} for group {group} arrives {rest}"

    def on_follow(self, state: State, who: int, group: int, follow: str) -> State | None:
        seat, answered = state.copies[HOSTS.index(HOMES[group])].home[group][1][who]
        if not passes(seats.may_ask_by(follow, seat, answered)):
            return None
        return self.join(state, who, group, follow)

    def on_undo(self, state: State, who: int, group: int, _follow: str) -> State | None:
        known, _ = state.copies[HOSTS.index(HOMES[group])].home[group][1][who]
        return self.end(state, who, group) if known is not None and known.state in seats.PRESENT else None

    def on_accept(self, state: State, who: int, group: int, epoch: int, issued: int) -> State | None:
        told = Told(epoch, issued, LEASE)
        seat = seats.after_accept(self.seat(state, who, group), told, self.now(state))
        return (
            None
            if isinstance(seat, Deny)
            else self.heard(self.sit(state, who, group, seat), who, group, epoch, grant=True)
        )

    def on_reject(self, state: State, who: int, group: int, epoch: int) -> State | None:
        seat = seats.after_reject(self.seat(state, who, group), epoch)
        return (
            None
            if isinstance(seat, Deny)
            else self.heard(self.sit(state, who, group, seat), who, group, epoch, grant=False)
        )

    def on_slice(
        self, state: State, host: str, group: int, listed: frozenset[int], epoch: int, issued: int
    ) -> State | None:
        told, copy = Told(epoch, issued, LEASE), state.copies[HOSTS.index(host)]
        if not passes(seats.may_take_slice(copy.epochs[group], told)):
            return None
        for who, member in enumerate(self.world.members):
            seat = self.seat(state, who, group)
            if member.host != host or seat is None:
                continue
            after = seats.after_slice(seat, told, self.now(state), listed=who in listed)
            if after != seat:
                granted = after.state == seats.ACTIVE
                state = self.heard(self.sit(state, who, group, after), who, group, epoch, grant=granted)
        copy = state.copies[HOSTS.index(host)]
        return change(state, HOSTS.index(host), copy._replace(epochs=put(copy.epochs, group, epoch)))

    def on_submit(self, state: State, who: int, group: int, number: int) -> State | None:
        home = state.copies[HOSTS.index(HOMES[group])]
        if (group, number) in home.posts or not passes(self.may_post(home.home[group][1][who][0], group, state)):
            return None
        return self.distribute(state, group, number)

    def on_announce(self, state: State, host: str, group: int, number: int) -> State | None:
        copy = state.copies[HOSTS.index(host)]
        joined = any(seats.is_present(seat, self.now(state)) for seat in copy.seats[group])
        facts = ActivityFacts(address(HOMES[group]), Kind.CONTENT, Audience.GROUP, capable=True, joined=joined)
        if not passes(admit_activity(facts, RULES, day_of(self.now(state)))):
            return None
        return change(state, HOSTS.index(host), copy._replace(posts=copy.posts | {(group, number)}))

    # --- what follows ---------------------------------------------------------------------------------------------

    def join(self, state: State, who: int, group: int, follow: str) -> State:
        member, host = self.world.members[who], HOSTS.index(HOMES[group])
        epoch, known = state.copies[host].home[group]
        remote = None if member.host == HOMES[group] else address(member.host)
        attested = AttestationFacts(
            Level.CHECKED, "physician", 0, 2**60, issuer=remote, by_instance_actor=True, confirmed_at=self.now(state)
        )
        facts = JoinFacts(str(group), Joining.AUTOMATIC, remote, attested, capable=True, in_reach=True)
        if not passes(may_join(facts, RULES, self.now(state))):
            return state
        seat, _ = known[who]
        if seat is None or seat.state != seats.ACTIVE:
            epoch = next_epoch(epoch, self.now(state))
            known = put(known, who, (Seat(seats.ACTIVE, epoch, 2**60), follow))
        state = change(
            state, host, state.copies[host]._replace(home=put(state.copies[host].home, group, (epoch, known)))
        )
        return state if remote is None else send(state, ("accept", who, group, epoch, self.now(state)))

    def end(self, state: State, who: int, group: int) -> State:
        member, host = self.world.members[who], HOSTS.index(HOMES[group])
        epoch, known = state.copies[host].home[group]
        epoch = next_epoch(epoch, self.now(state))
        known = put(known, who, (Seat(seats.ENDED, epoch), known[who][1]))
        state = change(
            state, host, state.copies[host]._replace(home=put(state.copies[host].home, group, (epoch, known)))
        )
        place = group * len(self.world.members) + who
        state = state._replace(removed=put(state.removed, place, (state.hours, known[who][1])))
        return state if member.host == HOMES[group] else send(state, ("reject", who, group, epoch))

    def slice(self, state: State, group: int, host: str) -> Message:
        epoch, known = state.copies[HOSTS.index(HOMES[group])].home[group]
        there = frozenset(
            who
            for who, member in enumerate(self.world.members)
            if member.host == host and seats.is_present(known[who][0], self.now(state))
        )
        return "slice", host, group, there, epoch, self.now(state)

    def may_post(self, seat: Seat | None, group: int, state: State) -> Decision:
        facts = GroupFacts(str(group), member=seats.is_present(seat, self.now(state)))
        return posting.decide(PostFacts(Audience.GROUP, (facts,)), RULES, self.now(state))

    def distribute(self, state: State, group: int, number: int) -> State:
        """At the home: kept, and sent to each host with a member; with the row locked, at once."""
        host = HOSTS.index(HOMES[group])
        state = change(state, host, state.copies[host]._replace(posts=state.copies[host].posts | {(group, number)}))
        counted = frozenset(
            ("announce", name, group, number)
            for name in HOSTS
            if name != HOMES[group] and self.goes_to(state, name, group)
        )
        if self.world.locked:
            return state._replace(sent=state.sent | counted)
        return state._replace(sending=state.sending | counted)

    def flush(self, state: State, message: Message) -> Step:
        """What was counted is sent, whoever has been removed meanwhile."""
        _, name, group, number = message
        after = state._replace(sending=state.sending - {message}, sent=state.sent | {message})
        there = self.goes_to(state, str(name), int(str(group)))
        return Step(
            f"{HOMES[int(str(group))]} sends post {number} to {name}",
            after,
            "" if there else f"{name} is sent a post, and its last member was removed before",
        )

    def goes_to(self, state: State, name: str, group: int) -> bool:
        _, known = state.copies[HOSTS.index(HOMES[group])].home[group]
        members = any(
            member.host == name and seats.is_present(known[who][0], self.now(state))
            for who, member in enumerate(self.world.members)
        )
        facts = SendFacts(
            address(name), Kind.CONTENT, Audience.GROUP, capable=True, members=members, in_reach=True, group=str(group)
        )
        return passes(may_send(facts, RULES, day_of(self.now(state))))

    def purge(self, state: State, host: int) -> Iterator[Step]:
        """The round that every host goes: of groups that nobody here is in, nothing is kept."""
        copy, name = state.copies[host], HOSTS[host]
        for group in range(len(HOMES)):
            held = {post for post in copy.posts if post[0] == group}
            here = sum(seat is not None and seat.state in seats.PRESENT for seat in copy.seats[group])
            if HOMES[group] == name or not held or here:
                continue
            left = copy if passes(seats.may_keep_copies(here)) else copy._replace(posts=copy.posts - held)
            wrong = f"{name} keeps posts of group {group}, and nobody there is in it" if left.posts & held else ""
            yield Step(f"{name} goes its round", change(state, host, left), wrong)

    def restore(self, state: State, host: int, saved: Copy) -> State:
        """The backup, to which removals are applied that the journal outside of it has: they are never forgotten."""
        home = tuple(
            (epoch, tuple(self.journalled(state, host, group, who, held) for who, held in enumerate(known)))
            for group, (epoch, known) in enumerate(saved.home)
        )
        return change(state._replace(hours=state.hours + 1), host, saved._replace(home=home))

    def journalled(self, state: State, host: int, group: int, who: int, held: Held) -> Held:
        seat, follow = held
        _, ended = state.removed[group * len(self.world.members) + who]
        if seat is None or HOMES[group] != HOSTS[host] or follow != ended:
            return held
        return Seat(seats.ENDED, seat.epoch), follow

    # --- small things ---------------------------------------------------------------------------------------------

    def now(self, state: State) -> int:
        return START + state.hours * HOUR

    def spend(self, state: State, act: str) -> State | None:
        if act not in self.acts:
            return None
        place = self.acts.index(act)
        if state.spent[place] >= self.world.budget[act]:
            return None
        return state._replace(spent=put(state.spent, place, state.spent[place] + 1))

    def seat(self, state: State, who: int, group: int) -> Seat | None:
        return state.copies[HOSTS.index(self.world.members[who].host)].seats[group][who]

    def sit(self, state: State, who: int, group: int, seat: Seat) -> State:
        host = HOSTS.index(self.world.members[who].host)
        copy = state.copies[host]
        return change(state, host, copy._replace(seats=put(copy.seats, group, put(copy.seats[group], who, seat))))

    def heard(self, state: State, who: int, group: int, epoch: int, *, grant: bool) -> State:
        """Note what a host has heard, for the invariants, and the group's epoch, as it does itself."""
        host = HOSTS.index(self.world.members[who].host)
        copy = state.copies[host]
        granted, gone = copy.noted[group][who]
        pair = (epoch, gone) if grant else (granted, max(gone, epoch))
        noted = put(copy.noted, group, put(copy.noted[group], who, pair))
        epochs = put(copy.epochs, group, max(copy.epochs[group], epoch))
        return change(state, host, copy._replace(noted=noted, epochs=epochs))


def passes(decision: Decision) -> bool:
    return isinstance(decision, Allow | Limit)


def put(items: tuple, place: int, item: object) -> tuple:  # type: ignore[type-arg]  # any tuple
    return (*items[:place], item, *items[place + 1 :])


def change(state: State, host: int, copy: Copy) -> State:
    return state._replace(copies=put(state.copies, host, copy))


def send(state: State, message: Message) -> State:
    return state._replace(sent=state.sent | {message})


ANNA = Member("Anna", "A")
BEN = Member("Ben", "B")
BEA = Member("Bea", "B")
CARL = Member("Carl", "C")


def world(*members: Member, locked: bool = True, **budget: int) -> World:
    """These members, and so many acts of each kind."""
    return World(members, budget, locked)
