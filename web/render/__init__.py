"""Records to Mastodon entities: the only serializer of the client API. Pure; asks nobody, decides nothing about rights.

Every entity has all attributes that `client_entities.tsv` names, in the forms that clients parse: ids as decimal
strings, dates with three decimals and Z, no null in an array (client_behaviour.md §§5, 11).
"""

from web.render.admin import (
    admin_account,
    admin_domain_allow,
    admin_domain_block,
    admin_email_block,
    admin_email_domain_block,
    admin_ip_block,
    admin_link,
    admin_report,
    cohort,
    dimension,
    measure,
    publisher,
)
from web.render.announcements import announcement, announcement_reaction
from web.render.annual_reports import annual_report
from web.render.cards import preview_card
from web.render.collections import collection, collection_item
from web.render.explore import suggestion, trending_link
from web.render.filters import filter_keyword, filter_result, filter_status, whole_filter, whole_filter_v1
from web.render.frame import BADGE, VISIBILITY, Entity, Frame, badge, custom_emoji, moment
from web.render.moderation import report, rules
from web.render.notifications import (
    notification,
    notification_group,
    notification_policy,
    notification_policy_v1,
    notification_request,
)
from web.render.people import (
    account,
    accounts,
    credential_account,
    familiar_followers,
    fields,
    muted_account,
    preferences,
    profile,
    relationship,
)
from web.render.posts import Renderer, deleted_status, media_attachment, scheduled_status, status_edits, status_source
from web.render.tags import admin_tag, featured_tag, tag
from web.render.timelines import (
    conversation,
    group_list,
    marker,
    people_list,
    push_subscription,
)

__all__ = [
    "BADGE",
    "VISIBILITY",
    "Entity",
    "Frame",
    "Renderer",
    "account",
    "accounts",
    "admin_account",
    "admin_domain_allow",
    "admin_domain_block",
    "admin_email_block",
    "admin_email_domain_block",
    "admin_ip_block",
    "admin_link",
    "admin_report",
    "admin_tag",
    "announcement",
    "announcement_reaction",
    "annual_report",
    "badge",
    "cohort",
    "collection",
    "collection_item",
    "conversation",
    "credential_account",
    "custom_emoji",
    "deleted_status",
    "dimension",
    "familiar_followers",
    "featured_tag",
    "fields",
    "filter_keyword",
    "filter_result",
    "filter_status",
    "group_list",
    "marker",
    "measure",
    "media_attachment",
    "moment",
    "muted_account",
    "notification",
    "notification_group",
    "notification_policy",
    "notification_policy_v1",
    "notification_request",
    "people_list",
    "preferences",
    "preview_card",
    "profile",
    "publisher",
    "push_subscription",
    "relationship",
    "report",
    "rules",
    "scheduled_status",
    "status_edits",
    "status_source",
    "suggestion",
    "tag",
    "trending_link",
    "whole_filter",
    "whole_filter_v1",
]
