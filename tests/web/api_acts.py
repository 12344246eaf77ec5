"""How each row of the table of apps is exercised: one successful act each, in an order in which all succeed.

`at` names, in order, what stands for the row's parameters; braces in bodies and queries name ids of the stage. What an
act answers is held to the row's own word for it, or to `entity` where that word is none.
"""

from dataclasses import dataclass
from typing import Any

from tests.web.api_stage import LINK
from tests.web.push_service import PushService

Shape = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """`paged`: the answer is a page of several, with a Link to the next one. `who` asks."""

    at: str = ""
    query: str = ""
    json: dict[str, Any] | None = None
    uploads: bool = False
    entity: Shape | None = None
    paged: bool = False
    who: str = "anna"


def _paged(at: str = "", query: str = "", **more: Any) -> Act:
    return Act(at, query, paged=True, **more)


def _sent(at: str = "", entity: Shape | None = None, /, **json: Any) -> Act:
    return Act(at, json=json, entity=entity)


SUBSCRIPTION = PushService(port=1).subscription(standard=True, alerts={"mention": True}, policy="all")
WORDS = {"phrase": "aspirine", "context": ["home"]}

ACTS: dict[str, Act] = {
    # statuses
    "GET /api/v1/statuses": Act(query="id[]={post}&id[]={bens}"),
    "POST /api/v1/statuses": _sent("", "Status", status="Bonjour"),
    "GET /api/v1/statuses/:id": Act("post"),
    "PUT /api/v1/statuses/:id": _sent("second", status="#ecg encore une fois"),
    "DELETE /api/v1/statuses/:id": Act("spare", entity="StatusDeleted"),
    "GET /api/v1/statuses/:id/reblogged_by": _paged("post"),
    "GET /api/v1/statuses/:id/favourited_by": _paged("post"),
    "GET /api/v1/statuses/:id/context": Act("reply"),
    "GET /api/v1/statuses/:id/quotes": _paged("post"),
    "POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke": Act("post quote"),
    "PUT /api/v1/statuses/:id/interaction_policy": _sent("post", quote_approval_policy="followers"),
    "POST /api/v1/statuses/:id/reblog": Act("bens"),
    "POST /api/v1/statuses/:id/unreblog": Act("bens"),
    "GET /api/v1/favourites": _paged(),
    "GET /api/v1/bookmarks": _paged(),
    "POST /api/v1/statuses/:id/favourite": Act("bens"),
    "POST /api/v1/statuses/:id/unfavourite": Act("bens"),
    "POST /api/v1/statuses/:id/bookmark": Act("bens"),
    "POST /api/v1/statuses/:id/unbookmark": Act("bens"),
    "POST /api/v1/statuses/:id/mute": Act("post"),
    "POST /api/v1/statuses/:id/unmute": Act("post"),
    "POST /api/v1/statuses/:id/pin": Act("post"),
    "POST /api/v1/statuses/:id/unpin": Act("post"),
    "GET /api/v1/statuses/:id/history": Act("post"),
    "GET /api/v1/statuses/:id/source": Act("post"),
    "GET /api/v1/polls/:id": Act("poll"),
    "POST /api/v1/polls/:poll_id/votes": _sent("poll", choices=["0"]),
    "POST /api/v1/media": Act(uploads=True),
    "POST /api/v2/media": Act(uploads=True, entity="MediaAttachment"),
    "PUT /api/v1/media/:id": _sent("media", description="Un autre tracé", focus="0.1,0.2"),
    "GET /api/v1/media/:id": Act("media", entity="MediaAttachment"),
    "GET /api/v1/scheduled_statuses": _paged(),
    "GET /api/v1/scheduled_statuses/:id": Act("waiting"),
    "PUT /api/v1/scheduled_statuses/:id": _sent("waiting", scheduled_at="2028-02-01T08:00:00.000Z"),
    "DELETE /api/v1/scheduled_statuses/:id": Act("spare_waiting"),
    # timelines
    "GET /api/v1/timelines/home": _paged(entity="Array<Status>"),
    "GET /api/v1/timelines/public": _paged(),
    "GET /api/v1/timelines/link": _paged(query=f"url={LINK}"),
    "GET /api/v1/timelines/tag/:hashtag": _paged("=ecg"),
    "GET /api/v1/timelines/list/:list_id": _paged("list"),
    "GET /api/v1/conversations": _paged(),
    "POST /api/v1/conversations/:id/read": Act("conversation0"),
    "DELETE /api/v1/conversations/:id": Act("conversation1"),
    "POST /api/v1/markers": _sent("", {"home": "Marker"}, home={"last_read_id": "{post}"}),
    "GET /api/v1/markers": Act(query="timeline[]=home", entity={"home": "Marker"}),
    # notifications
    "GET /api/v1/notifications": _paged(),
    "GET /api/v1/notifications/:id": Act("told"),
    "GET /api/v2/notifications": _paged(),
    "GET /api/v2/notifications/unread_count": Act(entity={"count": "integer"}),
    "GET /api/v2/notifications/:group_key/accounts": Act("group_key"),
    "GET /api/v1/notifications/requests": _paged(),
    "GET /api/v1/notifications/requests/:id": Act("request_rob"),
    "POST /api/v1/notifications/requests/:id/accept": Act("request_rob"),
    "POST /api/v1/notifications/requests/:id/dismiss": Act("request_sam"),
    "POST /api/v1/notifications/requests/accept": _sent(id=["{request_tom}"]),
    "POST /api/v1/notifications/requests/dismiss": _sent(id=["{request_una}"]),
    "GET /api/v1/notifications/policy": Act(),
    "PUT /api/v1/notifications/policy": _sent(filter_not_following=False),
    "PATCH /api/v1/notifications/policy": _sent(filter_not_following=True),
    "GET /api/v2/notifications/policy": Act(),
    "PUT /api/v2/notifications/policy": _sent(for_not_following="accept"),
    "PATCH /api/v2/notifications/policy": _sent(for_bots="filter"),
    "POST /api/v1/notifications/:id/dismiss": Act("dismissed"),
    "POST /api/v1/notifications/clear": Act(),
    "POST /api/v1/push/subscription": Act(json=SUBSCRIPTION),
    "GET /api/v1/push/subscription": Act(),
    "PUT /api/v1/push/subscription": _sent(data={"alerts": {"follow": True}, "policy": "followed"}),
    "DELETE /api/v1/push/subscription": Act(),
    # accounts
    "GET /api/v1/accounts/verify_credentials": Act(),
    "PATCH /api/v1/accounts/update_credentials": _sent(note="Cardiologue"),
    "GET /api/v1/accounts/search": Act(query="q=ben"),
    "GET /api/v1/accounts/lookup": Act(query="acct=ben"),
    "GET /api/v1/accounts/relationships": Act(query="id[]={ben}&id[]={olga}"),
    "GET /api/v1/accounts/familiar_followers": Act(query="id[]={ben}"),
    "GET /api/v1/accounts": Act(query="id[]={ben}"),
    "GET /api/v1/accounts/:id": Act("ben"),
    "GET /api/v1/accounts/:id/statuses": _paged("anna"),
    "GET /api/v1/accounts/:id/followers": _paged("anna"),
    "GET /api/v1/accounts/:id/following": _paged("anna"),
    "GET /api/v1/accounts/:id/lists": Act("ben"),
    "GET /api/v1/accounts/:id/featured_tags": Act("anna"),
    "GET /api/v1/accounts/:id/endorsements": _paged("anna"),
    "GET /api/v1/endorsements": _paged(),
    "POST /api/v1/accounts/:id/unpin": Act("ben"),
    "POST /api/v1/accounts/:id/pin": Act("ben"),
    "POST /api/v1/accounts/:id/note": _sent("ben", comment="Vu au congrès"),
    "POST /api/v1/accounts/:id/follow": Act("nora"),
    "POST /api/v1/accounts/:id/unfollow": Act("nora"),
    "POST /api/v1/accounts/:id/remove_from_followers": Act("olga"),
    "GET /api/v1/blocks": _paged(),
    "POST /api/v1/accounts/:id/block": Act("nora"),
    "POST /api/v1/accounts/:id/unblock": Act("nora"),
    "GET /api/v1/mutes": _paged(),
    "POST /api/v1/accounts/:id/mute": Act("nora"),
    "POST /api/v1/accounts/:id/unmute": Act("nora"),
    "GET /api/v1/domain_blocks": _paged(),
    "GET /api/v1/domain_blocks/preview": Act(query="domain=chu-b.example", entity="DomainBlockPreview"),
    "POST /api/v1/domain_blocks": _sent(domain="three.example"),
    "DELETE /api/v1/domain_blocks": _sent(domain="three.example"),
    "GET /api/v1/follow_requests": _paged(),
    "POST /api/v1/follow_requests/:account_id/authorize": Act("eve"),
    "POST /api/v1/follow_requests/:account_id/reject": Act("fred"),
    "GET /api/v1/profile": Act(),
    "PUT /api/v1/profile": _sent(note="Cardiologue"),
    "PATCH /api/v1/profile": _sent(display_name="Dr Anna"),
    "DELETE /api/v1/profile/avatar": Act(),
    "DELETE /api/v1/profile/header": Act(),
    "GET /api/v1/preferences": Act(entity="Preferences"),
    "POST /api/v1/reports": _sent(account_id="{nora}", status_ids=["{noras}"], comment="Un nom y figure"),
    # collections, annual reports
    "GET /api/v1/accounts/:account_id/collections": Act("anna"),
    "GET /api/v1/accounts/:account_id/in_collections": Act("anna"),
    "GET /api/v1/collections/:id": Act("collection"),
    "POST /api/v1/collections": _sent(name="Garde", tag_name="ecg"),
    "PUT /api/v1/collections/:id": _sent("collection", name="Service"),
    "PATCH /api/v1/collections/:id": _sent("collection", name="Services"),
    "POST /api/v1/collections/:collection_id/items": _sent("collection", account_id="{nora}"),
    "DELETE /api/v1/collections/:collection_id/items/:id": Act("collection collection_item"),
    "POST /api/v1/collections/:collection_id/items/:id/revoke": Act("bens_collection bens_collection_item"),
    "DELETE /api/v1/collections/:id": Act("spare_collection"),
    "GET /api/v1/annual_reports/:year": Act("=2026"),
    "GET /api/v1/annual_reports/:year/state": Act("=2026", entity={"state": "string"}),
    "POST /api/v1/annual_reports/:year/generate": Act("=2026"),
    "POST /api/v1/annual_reports/:year/read": Act("=2026"),
    # tags, lists, filters
    "GET /api/v1/tags/:name": Act("=ecg"),
    "POST /api/v1/tags/:name/follow": Act("=neuro"),
    "POST /api/v1/tags/:name/unfollow": Act("=neuro"),
    "POST /api/v1/tags/:name/feature": Act("=pneumo"),
    "POST /api/v1/tags/:name/unfeature": Act("=pneumo"),
    "GET /api/v1/followed_tags": _paged(),
    "GET /api/v1/featured_tags/suggestions": Act(),
    "GET /api/v1/featured_tags": Act(),
    "POST /api/v1/featured_tags": _sent(name="cas"),
    "DELETE /api/v1/featured_tags/:id": Act("featured"),
    "GET /api/v1/lists": Act(),
    "POST /api/v1/lists": _sent(title="Garde"),
    "GET /api/v1/lists/:id": Act("list"),
    "PUT /api/v1/lists/:id": _sent("list", title="Service"),
    "GET /api/v1/lists/:list_id/accounts": _paged("list"),
    "POST /api/v1/lists/:list_id/accounts": _sent("spare_list", account_ids=["{ben}"]),
    "DELETE /api/v1/lists/:list_id/accounts": _sent("spare_list", account_ids=["{ben}"]),
    "DELETE /api/v1/lists/:id": Act("spare_list"),
    "GET /api/v1/filters": Act(),
    "POST /api/v1/filters": Act(json=WORDS),
    "GET /api/v1/filters/:id": Act("old_filter"),
    "PUT /api/v1/filters/:id": Act("old_filter", json=WORDS),
    "PATCH /api/v1/filters/:id": Act("old_filter", json=WORDS),
    "DELETE /api/v1/filters/:id": Act("spare_old_filter"),
    "GET /api/v2/filters": Act(),
    "POST /api/v2/filters": _sent(title="Garde", context=["home"]),
    "GET /api/v2/filters/:id": Act("filter"),
    "PUT /api/v2/filters/:id": _sent("filter", title="Garde", filter_action="hide"),
    "PATCH /api/v2/filters/:id": _sent("filter", title="Garde", filter_action="warn"),
    "POST /api/v2/filters/:filter_id/keywords": _sent("filter", keyword="ibuprofène"),
    "PUT /api/v2/filters/keywords/:id": _sent("filter_keyword", keyword="kétoprofène", whole_word=True),
    "DELETE /api/v2/filters/keywords/:id": Act("spare_filter_keyword"),
    "POST /api/v2/filters/:filter_id/statuses": _sent("filter", status_id="{olgas}"),
    "DELETE /api/v2/filters/statuses/:id": Act("hidden"),
    "DELETE /api/v2/filters/:id": Act("spare_filter"),
    # what there is to find, and the instance
    "GET /api/v2/search": Act(query="q=ecg"),
    "GET /api/v1/trends": Act(),
    "GET /api/v1/trends/tags": Act(),
    "GET /api/v1/trends/links": Act(),
    "GET /api/v1/trends/statuses": Act(),
    "GET /api/v1/directory": Act(),
    "GET /api/v1/suggestions": Act(),
    "GET /api/v2/suggestions": Act(),
    "DELETE /api/v1/suggestions/:account_id": Act("nora"),
    "GET /api/v1/instance": Act(),
    "GET /api/v2/instance": Act(),
    "GET /api/v1/instance/rules": Act(),
    "GET /api/v1/instance/extended_description": Act(),
    "GET /api/v1/instance/translation_languages": Act(entity={}),
    "GET /api/v1/instance/peers": Act(),
    "GET /api/v1/instance/domain_blocks": Act(),
    "GET /api/v1/instance/privacy_policy": Act(),
    "GET /api/v1/instance/terms_of_service": Act(),
    "GET /api/v1/instance/terms_of_service/:date": Act("=2026-01-01"),
    "GET /api/v1/peers/search": Act(query="q=peer"),
    "GET /api/v1/custom_emojis": Act(),
    "GET /api/v1/announcements": Act(),
    "PUT /api/v1/announcements/:id/reactions/:name": Act("announcement =👍"),
    "DELETE /api/v1/announcements/:id/reactions/:name": Act("announcement =👍"),
    "POST /api/v1/announcements/:id/dismiss": Act("announcement"),
    # apps
    "POST /api/v1/apps": _sent(client_name="Ward notes", redirect_uris="urn:ietf:wg:oauth:2.0:oob"),
    "GET /api/v1/apps/verify_credentials": Act(),
}
