"""Filters of both versions, and what one found."""

from collections.abc import Iterable

from storage.records import Filter, FilterKeyword, FilterStatus, listed
from web.filtering import Match
from web.render.frame import Entity, moment


def filter_result(match: Match) -> Entity:
    """FilterResult. The filter says where it holds: apps choose, as they know what they are showing."""
    return {
        "filter": _filter(match.filter),
        "keyword_matches": match.keywords or None,
        "status_matches": [str(one) for one in match.status_ids] or None,
    }


def _filter(one: Filter) -> Entity:
    return {
        "id": str(one.id),
        "title": one.title,
        "context": listed(one.context),
        "expires_at": None if one.expires_at is None else moment(one.expires_at),
        "filter_action": one.action,
    }


def whole_filter(one: Filter, keywords: Iterable[FilterKeyword], statuses: Iterable[FilterStatus]) -> Entity:
    """Filter, with the words and posts that it is for."""
    return {
        **_filter(one),
        "keywords": [filter_keyword(keyword) for keyword in keywords],
        "statuses": [filter_status(status) for status in statuses],
    }


def whole_filter_v1(one: Filter, keyword: FilterKeyword) -> Entity:
    """V1::Filter: one word of a filter."""
    return {
        "id": str(keyword.id),
        "phrase": keyword.keyword,
        "context": listed(one.context),
        "whole_word": bool(keyword.whole_word),
        "expires_at": None if one.expires_at is None else moment(one.expires_at),
        "irreversible": one.action == "hide",
    }


def filter_keyword(one: FilterKeyword) -> Entity:
    return {"id": str(one.id), "keyword": one.keyword, "whole_word": bool(one.whole_word)}


def filter_status(one: FilterStatus) -> Entity:
    return {"id": str(one.id), "status_id": str(one.status_id)}
