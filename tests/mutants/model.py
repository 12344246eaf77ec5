"""Guards that the model test misses when they are taken out: `make mutants MODEL=1`.

What notices is a short sequence of acts among whole instances (`tests/scenarios/model/plans.py`), not the test next to the
guard. A guard behind which another one stands is taken out together with it: alone it is missed by nobody, as it should be.
"""

from dataclasses import dataclass

from tests.mutants.guards import Change


@dataclass(frozen=True, slots=True)
class Removal:
    """`guard`: what is not asked any more, in words."""

    guard: str
    changes: tuple[Change, ...]
    test: str = "tests/scenarios/test_model.py::test_nobody_reads_or_notices_what_is_not_for_them"


_TWIN = "storage/visibility.py"
_SERVING = "federation/serving.py"

REMOVALS = (
    Removal(
        "who views is a member of the post's group",
        (Change(_TWIN, "vg.group_id = s.group_id AND vg.actor_id = :viewer", "vg.group_id = s.group_id"),),
    ),
    Removal(
        "a lease that has run out counts as no membership",
        (Change(_TWIN, "AND vg.lease_until > :now", "AND :now > 0"),),
    ),
    Removal(
        "a membership that has ended is none, and has no lease",
        (
            Change(_TWIN, "AND vg.state = 'active' AND vg.lease_until > :now", "AND vg.lease_until > :now"),
            Change(
                "federation/memberships.py",
                "        lease_until=0,\n        changed_at=act.now,\n    )\n    if actor.local:",
                "        changed_at=act.now,\n    )\n    if actor.local:",
            ),
        ),
    ),
    Removal(
        "a group's post is never boosted or quoted outside",
        (
            Change(
                "policies/posting.py",
                "    if facts.original is Audience.GROUP:\n        return Deny(",
                "    if facts.original is Audience.GROUP:\n        return Allow('x')\n    if False:\n        return Deny(",
            ),
        ),
    ),
    Removal(
        "a group's post goes only where the group has members, at its distribution and at each delivery",
        (
            Change("policies/delivery.py", "    if not facts.members and not facts.unconfirmed:\n", "    if False:\n"),
            Change(
                "policies/delivery.py",
                'Allow("group:members") if facts.members else Hold',
                'Allow("x") if True else Hold',
            ),
            Change(
                "storage/groups.py",
                "(m.state = 'unconfirmed' OR (m.state = 'active' AND m.lease_until > :now)) AND a.host <> '' ",
                ":now > 0 AND a.host <> '' ",
            ),
        ),
    ),
    Removal(
        "posts of a group are in no count of its members",
        (
            Change(
                "storage/statuses.py",
                "    if status.audience in COUNTED:\n        await update_counts(tx, status.actor_id, statuses=1,",
                "    if True:\n        await update_counts(tx, status.actor_id, statuses=1,",
            ),
        ),
    ),
    Removal(
        "who stands for a member at a door is one now",
        (Change(_SERVING, "    return is_present(known, now)\n", "    return known is not None\n"),),
    ),
    Removal(
        "a removal ends the membership where its message arrives",
        (
            Change(
                "federation/memberships.py",
                "        await _finish(act, replace(known, state=seat.state, epoch=seat.epoch), actor)\n",
                "        pass\n",
            ),
        ),
    ),
    Removal(
        "a link to a file asks who may see its post, at every request",
        (
            Change(
                "web/media_files.py",
                "allowed = await get_visible(tx, media.status_id, viewer=given.viewer, now=now) is not None",
                "allowed = True",
            ),
        ),
    ),
)
