"""What the admin API shows: entities whose names begin with `Admin::`."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from policies.terms import Role
from storage.administration import Known
from storage.records import EmailBlock, EmailDomainBlock, IpBlock, ListedHost, Report, listed
from storage.tags import DAY, Use
from storage.trends import Publisher
from web.render.frame import Entity, moment
from web.render.moderation import rules as all_rules
from web.render.roles import role
from web.render.tags import history


def admin_account(one: Known, shown: Entity) -> Entity:
    """Admin::Account; `shown` is the Account. No address that anybody came from is stored, so none is told."""
    actor, member = one.actor, one.member
    return {
        "id": str(actor.id),
        "username": actor.username,
        "domain": actor.handle_host or None,
        "created_at": moment(actor.created_at),
        "email": member.email if member else "",
        "ip": None,
        "ips": [],
        "locale": member.locale if member else "",
        "invite_request": (member.reason or None) if member else None,
        "role": role(member.role if member else Role.MEMBER),
        "confirmed": member is not None and member.confirmed_at is not None,
        "approved": member is not None and member.approved_at is not None,
        "disabled": member is not None and member.disabled_at is not None,
        "sensitized": actor.sensitized_at is not None,
        "silenced": actor.silenced_at is not None,
        "suspended": actor.suspended,
        "account": shown,
    }


def admin_report(
    one: Report, people: Callable[[int], Entity], *, statuses: Sequence[Entity], rules: Iterable[str], text: bool
) -> Entity:
    """Admin::Report. `people` gives an Admin::Account by id; `text`: whether the reader is shown what was written."""
    named = {str(number) for number in listed(one.rules)}
    return {
        "id": str(one.id),
        "action_taken": one.resolved_at is not None,
        "action_taken_at": None if one.resolved_at is None else moment(one.resolved_at),
        "category": one.category,
        "comment": one.comment if text else "",
        "forwarded": bool(one.forwarded),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.changed_at),
        "account": people(one.actor_id),
        "target_account": people(one.target_id),
        "assigned_account": None if one.assigned_to is None else people(one.assigned_to),
        "action_taken_by_account": None if one.resolved_by is None else people(one.resolved_by),
        "statuses": list(statuses) if text else [],
        "rules": [rule for rule in all_rules(rules) if rule["id"] in named],
    }


def admin_domain_block(one: ListedHost) -> Entity:
    """Admin::DomainBlock. Who is suspended sends no files either, and no reports."""
    suspended = one.severity == "suspend"
    return {
        "id": str(one.id),
        "domain": one.host,
        "digest": hashlib.sha256(one.host.encode()).hexdigest(),
        "created_at": moment(one.created_at),
        "severity": one.severity,
        "reject_media": suspended,
        "reject_reports": suspended or bool(one.reject_reports),
        "private_comment": one.private_comment or None,
        "public_comment": one.public_comment or None,
        "obfuscate": bool(one.obfuscate),
    }


def admin_domain_allow(one: ListedHost) -> Entity:
    """Admin::DomainAllow."""
    return {"id": str(one.id), "domain": one.host, "created_at": moment(one.created_at)}


def admin_email_domain_block(one: EmailDomainBlock, uses: Iterable[Use], days: Iterable[int]) -> Entity:
    """Admin::EmailDomainBlock, with how many it turned away on these days."""
    return {
        "id": str(one.id),
        "domain": one.domain,
        "created_at": moment(one.created_at),
        "history": history(uses, days),
    }


def admin_email_block(one: EmailBlock) -> Entity:
    """Admin::CanonicalEmailBlock."""
    return {"id": str(one.id), "canonical_email_hash": one.hash}


def admin_ip_block(one: IpBlock) -> Entity:
    """Admin::IpBlock."""
    return {
        "id": str(one.id),
        "ip": one.network,
        "severity": one.severity,
        "comment": one.comment,
        "created_at": moment(one.created_at),
        "expires_at": None if one.expires_at is None else moment(one.expires_at),
    }


def admin_link(card_id: int, shown: Entity, *, decided: bool) -> Entity:
    """Admin::Trends::Link; `shown` is the Trends::Link."""
    return {**shown, "id": str(card_id), "requires_review": not decided}


def publisher(one: Publisher) -> Entity:
    """PreviewCardProvider. Nobody asks for a review: all that trends waits for one."""
    return {
        "id": str(one.id),
        "domain": one.host,
        "trendable": one.trendable != 0,
        "reviewed_at": None if one.reviewed_at is None else moment(one.reviewed_at),
        "requested_review_at": None,
        "requires_review": one.reviewed_at is None,
    }


def measure(key: str, total: int, previous: int, days: Mapping[int, int]) -> Entity:
    """Admin::Measure. All numbers are texts; `days` are counted from 1970."""
    data = [{"date": moment(day * DAY), "value": str(value)} for day, value in days.items()]
    return {"key": key, "unit": None, "total": str(total), "previous_total": str(previous), "data": data}


def dimension(key: str, found: Iterable[tuple[str, str, int | str]], *, unit: str = "") -> Entity:
    """Admin::Dimension: of each kind its key, its name and its number, which is a text."""

    def one(name: str, human: str, value: int | str) -> Entity:
        entity = {"key": name, "human_key": human, "value": str(value)}
        return entity | ({"unit": unit, "human_value": f"{value} {unit}"} if unit else {})

    return {"key": key, "data": [one(*each) for each in found]}


def cohort(start: int, frequency: str, data: Iterable[tuple[int, int, float]]) -> Entity:
    """Admin::Cohort: of who joined in a period, how many and which part were there in each period from then on."""
    return {
        "period": moment(start),
        "frequency": frequency,
        "data": [{"date": moment(at), "rate": rate, "value": str(count)} for at, count, rate in data],
    }
