"""Each guard that holds an invariant, what takes it out, and the test that must fail then. `docs/invariants.md` shows them.

`old` stands once in `file` and is replaced by `new`. Add a row with the guard; `make mutants` runs it, `make check` looks
that it still applies.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """`old` stands once in `file` and is replaced by `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """`invariant`: its number in the design, 0 for other guards; `guard`: what is asked there, in words."""

    invariant: int
    guard: str
    file: str
    old: str
    new: str
    test: str

    @property
    def changes(self) -> tuple[Change, ...]:
        return (Change(self.file, self.old, self.new),)


_NEVER = "tests/policies/test_policy_never.py::"
_TWIN = "tests/storage/test_visibility_twin.py::"
_SAME = f"{_TWIN}test_the_sql_sees_what_the_rule_sees_for_every_combination_of_facts"

MUTANTS = (
    # 1. No leak
    Mutant(
        1,
        "a viewer of a group's post is a present member or the group",
        "policies/visibility.py",
        "entitled = facts.distributed and (present or facts.is_group)",
        "entitled = facts.distributed",
        f"{_NEVER}test_nobody_but_the_group_its_present_members_and_the_author_sees_a_group_post",
    ),
    Mutant(
        1,
        "a lease that has run out counts as no membership",
        "policies/visibility.py",
        "present = facts.member and (facts.lease_live or not facts.group_remote)",
        "present = facts.member",
        f"{_NEVER}test_nobody_but_the_group_its_present_members_and_the_author_sees_a_group_post",
    ),
    Mutant(
        1,
        "the group's door opens to members' hosts alone",
        "policies/visibility.py",
        "return facts.member and facts.in_reach and group_reaches",
        "return facts.in_reach and group_reaches",
        f"{_NEVER}test_a_group_post_is_fetched_only_through_its_doors",
    ),
    Mutant(
        1,
        "a group's door wants a fresh signature of a host that enforces groups",
        "policies/visibility.py",
        "entitled = facts.fresh and facts.capable and _passes_door(facts, ruleset)",
        "entitled = _passes_door(facts, ruleset)",
        f"{_NEVER}test_a_group_post_is_fetched_only_through_its_doors",
    ),
    Mutant(
        1,
        "who stands for a member at a door is one now",
        "federation/serving.py",
        "    return is_present(known, now)\n",
        "    return known is not None\n",
        "tests/federation/test_doors.py::test_after_a_removal_nothing_is_given",
    ),
    Mutant(
        1,
        "a group post goes only where the group has members",
        "policies/delivery.py",
        "    if not facts.members and not facts.unconfirmed:\n",
        "    if False:\n",
        f"{_NEVER}test_a_group_post_goes_only_to_capable_active_peers_with_members_or_to_its_home",
    ),
    Mutant(
        1,
        "a host whose members nobody has confirmed waits",
        "policies/delivery.py",
        'Allow("group:members") if facts.members else Hold("group:members", Reason.UNCONFIRMED)',
        'Allow("group:members")',
        f"{_NEVER}test_a_group_post_goes_only_to_capable_active_peers_with_members_or_to_its_home",
    ),
    Mutant(
        1,
        "a group post goes only to hosts that enforce groups",
        "policies/delivery.py",
        "    if not facts.capable:\n",
        "    if False:\n",
        f"{_NEVER}test_a_group_post_goes_only_to_capable_active_peers_with_members_or_to_its_home",
    ),
    Mutant(
        1,
        "the group announces to hosts with present members alone",
        "storage/groups.py",
        "(m.state = 'unconfirmed' OR (m.state = 'active' AND m.lease_until > :now)) AND a.host <> '' ",
        ":now > 0 AND a.host <> '' ",
        "tests/storage/test_groups_rows.py::test_only_present_members_of_other_hosts_are_announced_to",
    ),
    Mutant(
        1,
        "at a member's home only the group itself brings its posts",
        "federation/inbox/notes.py",
        "    if group is None or verified.relayed_by != group.uri:\n",
        "    if group is None:\n",
        "tests/federation/test_inbox_group_member.py::test_only_the_group_itself_brings_its_posts",
    ),
    Mutant(
        1,
        "a link to a file asks who may see its post, at every request",
        "web/media_files.py",
        "allowed = await get_visible(tx, media.status_id, viewer=given.viewer, now=now) is not None",
        "allowed = True",
        "tests/web/test_media_serving.py::test_a_groups_files_are_its_present_members",
    ),
    # 2. No widening
    Mutant(
        2,
        "a group's post is never boosted or quoted outside",
        "policies/posting.py",
        "    if facts.original is Audience.GROUP:\n        return Deny(",
        "    if False:\n        return Deny(",
        f"{_NEVER}test_no_boost_quote_or_edit_reaches_beyond_the_post",
    ),
    Mutant(
        2,
        "an edit never reaches beyond the post",
        "policies/posting.py",
        "    if facts.after not in WITHIN[facts.before] or (",
        "    if (",
        f"{_NEVER}test_no_boost_quote_or_edit_reaches_beyond_the_post",
    ),
    Mutant(
        2,
        "a reply never reaches beyond its parent",
        "policies/posting.py",
        "    return _within(result, parent.audience, Reason.REPLY_NARROWED, ",
        '    return Allow("audience:parent") if parent else _within(result, parent.audience, Reason.REPLY_NARROWED, ',
        f"{_NEVER}test_a_post_never_reaches_beyond_what_was_asked_nor_beyond_its_parent",
    ),
    Mutant(
        2,
        "a group takes an edit from the present member who wrote the post",
        "policies/posting.py",
        "    if facts.before is Audience.GROUP and not facts.member:\n",
        "    if False:\n",
        "tests/policies/test_policy_posting.py::test_edits",
    ),
    # 3. Narrowing is monotone
    Mutant(
        3,
        "of several answers the strongest wins, whatever the others say",
        "policies/decision.py",
        "    strongest = max(trace, key=strength)\n",
        "    strongest = min(trace, key=strength)\n",
        "tests/policies/test_policy_decision.py::test_no_step_is_ever_overruled_by_a_weaker_one",
    ),
    Mutant(
        3,
        "what a ruleset adds for a group narrows its reach",
        "policies/ruleset.py",
        "            return host in hosts\n",
        "            return host not in hosts\n",
        f"{_NEVER}test_no_setting_that_adds_refusals_allows_anything_new",
    ),
    # 4. Fail closed
    Mutant(
        4,
        "an unknown host of a closed network gets nothing",
        "policies/boundary.py",
        "return Allow(rule) if network is Network.OPEN else Deny(rule, reason)",
        "return Allow(rule)",
        f"{_NEVER}test_without_a_ruleset_nothing_crosses_but_retractions",
    ),
    Mutant(
        4,
        "stale is not revoked: reading goes on, acting waits",
        "policies/verification.py",
        '    return Unverified(Reason.ATTESTATION_STALE, "verification:freshness")',
        "    return None",
        "tests/policies/test_policy_verification.py::test_stale_is_not_revoked",
    ),
    Mutant(
        4,
        "a home that does not answer lets leases run out",
        "storage/visibility.py",
        "        AND vg.state = 'active' AND vg.lease_until > :now)))\n",
        "        AND vg.state = 'active' AND :now > 0)))\n",
        f"{_TWIN}test_a_member_of_our_own_group_is_one_as_long_as_what_it_rests_on",
    ),
    # 5. SQL twin = pure rule
    Mutant(
        5,
        "the condition in SQL: membership",
        "storage/visibility.py",
        "SELECT 1 FROM memberships vg WHERE vg.group_id = s.group_id AND vg.actor_id = :viewer",
        "SELECT 1 FROM memberships vg WHERE vg.actor_id = :viewer",
        f"{_TWIN}test_membership_of_another_group_or_in_another_state_shows_nothing",
    ),
    Mutant(
        5,
        "the condition in SQL: what the group has not announced yet",
        "storage/visibility.py",
        "s.audience = 'group' AND s.distributed = 1 AND (",
        "s.audience = 'group' AND (",
        _SAME,
    ),
    Mutant(
        5,
        "the condition in SQL: blocks",
        "storage/visibility.py",
        "SELECT 1 FROM blocks vk WHERE vk.owner_id = s.actor_id AND vk.target_id = :viewer))",
        "SELECT 1 FROM blocks vk WHERE vk.owner_id = 0 AND vk.target_id = :viewer))",
        _SAME,
    ),
    Mutant(
        5,
        "every query that reads posts asks",
        "storage/visibility.py",
        'WHERE s.id IN :ids AND {VISIBLE}",\n        ids=list(status_ids),',
        'WHERE s.id IN :ids",\n        ids=list(status_ids),',
        f"{_TWIN}test_every_query_that_reads_posts_asks_who_may_see_them",
    ),
    # 6. Every decision is explained
    Mutant(
        6,
        "what is recorded names its rule, reason and version",
        "federation/rules.py",
        '            return decisions.Outcome("deny", rule, reason, version)\n',
        '            return decisions.Outcome("deny", rule, "", version)\n',
        "tests/federation/test_keeping.py::test_a_delivery_goes_out_as_the_rules_want_it_when_it_goes",
    ),
    Mutant(
        6,
        "no text of an exception is in the logs: it may hold a post's",
        "server/logs.py",
        '    return {"error": _kind(error), "where"',
        '    return {"error": f"{_kind(error)}: {error}", "where"',
        "tests/server/test_logs.py::test_an_exception_is_logged_without_its_text",
    ),
    # 7. Removal
    Mutant(
        7,
        "an act of membership older than the last is ignored",
        "policies/membership.py",
        "    if received < last:\n",
        "    if False:\n",
        "tests/federation/test_inbox_group_member.py::test_an_act_of_membership_that_is_older_than_the_last_is_ignored",
    ),
    Mutant(
        7,
        "a removal ends the membership where its message arrives",
        "federation/memberships.py",
        "        await _finish(act, replace(known, state=seat.state, epoch=seat.epoch), actor)\n",
        "        pass\n",
        "tests/federation/test_inbox_group_member.py::test_a_removal_hides_at_once_what_was_seen",
    ),
    Mutant(
        7,
        "where no message arrives, the slice ends the membership",
        "federation/memberships.py",
        "listed=member.actor.uri in told.members",
        "listed=True",
        "tests/federation/test_slices.py::test_a_slice_renews_whom_it_names_and_ends_whom_it_does_not",
    ),
    Mutant(
        7,
        "no promise makes a lease outlast its bounds",
        "policies/membership.py",
        "    kept = min(max(hours, LEASE_HOURS_LEAST), LEASE_HOURS_MOST)\n",
        "    kept = max(hours, LEASE_HOURS_LEAST)\n",
        "tests/policies/test_policy_membership.py::test_no_promise_makes_a_lease_outlast_its_bounds",
    ),
    Mutant(
        7,
        "who may not moderate any more acts as the group no more",
        "policies/operating.py",
        "return None if facts.member and facts.moderator else Reason.NOT_MODERATOR",
        "return None if facts.moderator else Reason.NOT_MODERATOR",
        "tests/policies/test_policy_operating.py::test_what_is_needed_and_nothing_else",
    ),
    # 8. Membership and existence are secret
    Mutant(
        8,
        "what is hidden answers like what never was",
        "policies/visibility.py",
        "    return Allow(rule) if entitled else Deny(rule, Reason.NOT_FOUND)\n\n\ndef _passes",
        "    return Allow(rule) if entitled else Deny(rule, Reason.HOST_NOT_ADMITTED)\n\n\ndef _passes",
        f"{_NEVER}test_hidden_and_absent_answer_alike",
    ),
    Mutant(
        8,
        "posts of a group are in no count of its members",
        "storage/statuses.py",
        "    if status.audience in COUNTED:\n        await update_counts(tx, status.actor_id, statuses=1,",
        "    if True:\n        await update_counts(tx, status.actor_id, statuses=1,",
        "tests/storage/test_statuses.py::test_only_what_everybody_may_see_is_counted",
    ),
    Mutant(
        8,
        "attestations are asked for again whoever it is: a badge that stays tells nothing",
        "federation/upkeep.py",
        "for actor in (*members, *others)}",
        "for actor in members}",
        "tests/federation/test_attestations.py::test_whoever_was_seen_is_asked_for_again_member_or_not",
    ),
    Mutant(
        8,
        "a group's epoch and reach are for its members' hosts",
        "federation/serving.py",
        "    if group is None or not await groups.has_any_member_of(tx, actor.id, host=asker.actor.host):\n",
        "    if group is None:\n",
        "tests/federation/test_doors.py::test_a_groups_epoch_and_reach_are_for_its_members_hosts",
    ),
    # Others
    Mutant(
        0,
        "a quote is asked for: its author's policy",
        "policies/quoting.py",
        "    if approval is Approval.DENIED:\n        yield Deny(",
        "    if False:\n        yield Deny(",
        "tests/policies/test_policy_quoting.py::test_quotes",
    ),
    Mutant(
        0,
        "what a group may do is a closed list",
        "web/auth.py",
        '    if grant.type == "Group" and not access.group:\n',
        "    if False:\n",
        "tests/web/test_as_group.py::test_a_group_may_do_what_is_listed_and_nothing_else",
    ),
    Mutant(
        0,
        "a child that decodes an image opens no further file",
        "web/decoder.py",
        "        (resource.RLIMIT_NOFILE, 3),\n",
        "",
        "tests/web/test_media_images.py::test_the_child_can_reach_nothing",
    ),
    Mutant(
        0,
        "a child that decodes sound and film is limited",
        "web/confined.py",
        "        (resource.RLIMIT_AS, MEMORY),\n",
        "",
        "tests/web/test_recordings.py::test_a_child_is_limited_and_knows_nothing_of_us",
    ),
    Mutant(
        0,
        "words that are not public go to the institution's own translator alone",
        "policies/translation.py",
        "    if audience in OPEN_AUDIENCES:\n",
        "    if True:\n",
        "tests/policies/test_policy_translation.py::test_only_public_words_go_to_strangers",
    ),
    Mutant(
        0,
        "whether a name is taken is asked in the transaction that takes it",
        "federation/outbox/sign_ups.py",
        "        if taken.any:\n            raise TakenError(taken)\n        await insert_drafted",
        "        await insert_drafted",
        "tests/federation/test_sign_ups.py::test_a_name_is_taken_by_one_of_two_who_ask_at_once",
    ),
    Mutant(
        0,
        "a report shows an admin no post that they may not see",
        "web/admin_api/showing.py",
        "        seen = await list_visible(tx, ids, viewer=viewer.actor_id, now=now)\n",
        "        from storage.statuses import get_status as get\n"
        "        seen = {one: status for one in ids if (status := await get(tx, one))}\n",
        "tests/web/test_admin_reports.py::test_an_admin_is_no_member_of_a_group",
    ),
)
