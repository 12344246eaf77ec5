"""What a member's year was."""

from collections.abc import Container

import orjson

from storage.records import AnnualReport
from web.render.frame import Entity, maybe_id

# Of Mastodon's forms of `data` the second: archetype, top_statuses, top_hashtags, time_series.
_SCHEMA = 2


def annual_report(report: AnnualReport, visible: Container[int]) -> Entity:
    """AnnualReport. Of the posts that it names, those in `visible` are still there."""
    data = orjson.loads(report.data)
    top = {name: maybe_id(one) if one in visible else None for name, one in data["top_statuses"].items()}
    return {
        "year": report.year,
        "data": {**data, "top_statuses": top},
        "schema_version": _SCHEMA,
        "share_url": None,
        "account_id": str(report.owner_id),
    }
