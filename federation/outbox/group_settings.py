"""How a group of ours is: what its moderators set, and what takes effect then. Each change is audited in its own transaction.

Who may set it is asked before; what each setting does is decided in `policies`. What is true of private groups alone is in
`Private`: a public one has neither criteria nor secrets.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from federation.act import Act, perform
from federation.context import Context
from federation.outbox.profiles import MAX_NAME, MAX_NOTE, send_update
from federation.wire.compose import compose
from federation.wire.sanitize import clean_text, strip_badge
from policies.membership import LEASE_HOURS_LEAST, LEASE_HOURS_MOST, Joining
from policies.terms import COUNTRY, PROFESSIONS, SPECIALTIES, Level
from storage import actors, audit, groups, public_groups
from storage.records import Actor, Group, PublicGroup, as_json, listed

TAG = re.compile(r"[^\W_A-Z]{1,50}")
MOST_RULES, MAX_RULE = 20, 200
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Private:
    """Settings of private groups. None leaves what is there. An empty criterion asks nothing; 0 days: posts stay.

    `question_tag` makes a post a question; `questions_of`: the specialty whose questions are offered to this group. '' for none.
    """

    level: Level | None = None
    professions: tuple[str, ...] | None = None
    specialties: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None
    files: bool | None = None
    members_shown: str | None = None
    listed: bool | None = None
    retention_days: int | None = None
    case_days: int | None = None
    lease_hours: int | None = None
    question_tag: str | None = None
    questions_of: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What is changed of a group; None leaves what is there. `posting`: members or moderators."""

    title: str | None = None
    description: str | None = None
    rules: tuple[str, ...] | None = None
    joining: Joining | None = None
    posting: str | None = None
    private: Private = Private()


def settings_of(group: Group | PublicGroup) -> dict[str, Any]:
    """All of them as they are now, by their names here; of a public group there is less."""
    said = {
        "joining": group.joining,
        "posting": group.posting,
        "description": group.description,
        "rules": listed(group.rules),
    }
    if isinstance(group, PublicGroup):
        return said
    return said | {
        "level": Level(group.level).name.lower(),
        "professions": listed(group.professions),
        "specialties": listed(group.specialties),
        "countries": listed(group.countries),
        "files": bool(group.files),
        "members_shown": group.members_shown,
        "listed": bool(group.listed),
        "retention_days": group.retention_days,
        "case_days": group.case_days,
        "lease_hours": group.lease_hours,
        "question_tag": group.question_tag,
        "questions_of": group.questions_of,
    }


class SettingError(ValueError):
    """A setting that cannot be: which, and what it may be, in English and French."""

    def __init__(self, name: str, english: str, french: str) -> None:
        super().__init__(f"{name}: {english}")
        self.name, self.english, self.french = name, english, french


async def change(ctx: Context, group_id: int, settings: Settings, *, by: str) -> None:
    """Set a group of ours. SettingError for what cannot be, LookupError for no group of ours or a closed one."""
    _check(settings)

    async def unit(act: Act) -> None:
        group, actor = await _lock(act, group_id)
        if isinstance(group, PublicGroup) and settings.private != Private():
            raise SettingError(_named(settings.private)[0], "is for private groups", "est pour les groupes privés")
        changes = _columns(settings)
        if not isinstance(group, PublicGroup):
            changes |= _private_columns(settings.private)
        changed = {name: value for name, value in changes.items() if value != getattr(group, name)}
        if changed:
            await _store(act, group, changed)
        await _show(act, replace(group, **changed), actor, settings)
        await audit.append(
            act.tx, actor=by, act="group.set", subject=actor.username, now=act.now, settings=sorted(_said(settings))
        )

    await perform(ctx, unit)


async def _lock(act: Act, group_id: int) -> tuple[Group | PublicGroup, Actor]:
    private = await groups.lock_group(act.tx, group_id, change=True)
    found = private or await public_groups.lock_public_group(act.tx, group_id, change=True)
    actor = await actors.get_actor(act.tx, group_id)
    if found is None or actor is None or (private is not None and (not private.local or private.closed)):
        raise LookupError(f"no open group {group_id} here")
    return found, actor


async def _store(act: Act, group: Group | PublicGroup, changed: dict[str, Any]) -> None:
    """A changed criterion is asked of the members in the next round of upkeep."""
    if isinstance(group, PublicGroup):
        await public_groups.update_public_group(act.tx, group.actor_id, **changed)
        return
    await groups.update_group(act.tx, group.actor_id, reviewed_rules=0, **changed)


async def _show(act: Act, group: Group | PublicGroup, actor: Actor, settings: Settings) -> None:
    """What of it stands in the group's profile."""
    rules = "\n".join(f"{number}. {rule}" for number, rule in enumerate(listed(group.rules), start=1))
    text = "\n\n".join(part for part in (group.description, rules) if part)
    shown: dict[str, Any] = {"summary": compose(text, {}, lambda tag: f"{act.ctx.origin.base}/tags/{tag.lower()}")}
    if settings.title is not None:
        shown["name"] = strip_badge(clean_text(settings.title, MAX_NAME))
    if isinstance(group, PublicGroup):
        shown["locked"] = int(group.joining != Joining.AUTOMATIC)
    changed = {name: value for name, value in shown.items() if value != getattr(actor, name)}
    if changed:
        await actors.update_actor(act.tx, actor.id, updated_at=act.now, **changed)
    if changed and isinstance(group, PublicGroup):  # a private one is looked at by its members' homes with each slice
        await send_update(act, replace(actor, updated_at=act.now, **changed))


def _columns(settings: Settings) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if settings.description is not None:
        said["description"] = settings.description.strip()
    if settings.rules is not None:
        said["rules"] = as_json([rule.strip() for rule in settings.rules if rule.strip()])
    if settings.joining is not None:
        said["joining"] = settings.joining.value
    if settings.posting is not None:
        said["posting"] = settings.posting
    return said


def _private_columns(private: Private) -> dict[str, Any]:
    said = {name: getattr(private, name) for name in _named(private)}
    return {name: _column(value) for name, value in said.items()}


def _column(value: Any) -> Any:
    if isinstance(value, tuple):
        return as_json(sorted(set(value)))
    return int(value) if isinstance(value, bool | Level) else value


def _named(settings: Settings | Private) -> list[str]:
    return [one.name for one in fields(settings) if getattr(settings, one.name) is not None]


def _said(settings: Settings) -> list[str]:
    """The names of what was set: for the audit log, which holds no texts."""
    return [name for name in _named(settings) if name != "private"] + _named(settings.private)


# --- what can be -------------------------------------------------------------------------------------------------


def _check(settings: Settings) -> None:
    if settings.title is not None and not clean_text(settings.title, MAX_NAME):
        raise SettingError("title", "a group has a title", "un groupe a un titre")
    if len(settings.description or "") > MAX_NOTE:
        raise SettingError("description", f"at most {MAX_NOTE} characters", f"{MAX_NOTE} caractères au plus")
    rules = settings.rules or ()
    if len(rules) > MOST_RULES or any(len(rule) > MAX_RULE or "\n" in rule for rule in rules):
        raise SettingError(
            "rules",
            f"at most {MOST_RULES} rules, each of one line and {MAX_RULE} characters",
            f"{MOST_RULES} règles au plus, chacune d’une ligne et de {MAX_RULE} caractères",
        )
    _one_of("posting", settings.posting)
    _check_private(settings.private)


def _check_private(private: Private) -> None:
    _one_of("members_shown", private.members_shown)
    _known("professions", private.professions, PROFESSIONS)
    _known("specialties", private.specialties, SPECIALTIES)
    for country in private.countries or ():
        if COUNTRY.fullmatch(country) is None:
            raise SettingError(
                "countries", f"no two letters, such as FR: {country}", f"pas deux lettres, comme FR : {country}"
            )
    _known("questions_of", [private.questions_of] if private.questions_of else None, SPECIALTIES)
    if not TAG.fullmatch(private.question_tag or "a"):
        raise SettingError(
            "question_tag", "letters and digits, in lower case", "des lettres et chiffres, en minuscules"
        )
    _within("retention_days", private.retention_days, 0, MOST_DAYS)
    _within("case_days", private.case_days, 0, MOST_DAYS)
    _within("lease_hours", private.lease_hours, LEASE_HOURS_LEAST, LEASE_HOURS_MOST)


def _one_of(name: str, said: str | None) -> None:
    if said not in {None, "members", "moderators"}:
        raise SettingError(name, "members or moderators", "members ou moderators")


def _known(name: str, said: Iterable[str] | None, codes: Iterable[str]) -> None:
    if unknown := sorted(set(said or ()) - set(codes)):
        raise SettingError(name, f"not a code: {unknown[0]}", f"code inconnu : {unknown[0]}")


def _within(name: str, said: int | None, least: int, most: int) -> None:
    if said is not None and not least <= said <= most:
        raise SettingError(name, f"from {least} to {most}", f"de {least} à {most}")
