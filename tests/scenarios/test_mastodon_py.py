"""Every family of methods of Mastodon.py, against an institution at work: a library parses what apps merely show."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonAPIError, MastodonNotFoundError, MastodonUnauthorizedError

from tests.conftest import Addresses
from tests.scenarios.clients import PATIENCE, House, Listener, house, mastodon_py, until
from tests.web.live import picture

SCOPES = ["read", "write", "follow", "push"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def engine() -> str:
    """A client cannot tell the engines apart."""
    return "postgresql"


async def test_every_family_of_methods(addresses: Addresses, tmp_path: Path) -> None:
    async with house(await addresses.new(), tmp_path, "CHU A") as here:
        for name in ("anna", "ben"):
            await here.member(name)
        await asyncio.to_thread(_walk, here)


def _walk(here: House) -> None:
    with mastodon_py(here, "anna", SCOPES) as anna, mastodon_py(here, "ben", SCOPES) as ben:
        _instance(anna, here)
        _accounts(anna, ben)
        _statuses(anna, ben)
        _timelines(anna, ben)
        _notifications(anna, ben)
        _polls_and_plans(anna, ben)
        _letters(anna, ben)
        _lists_filters_and_tags(anna, ben)
        _found_and_recommended(anna, ben)
        _kept_away(anna, ben)
        _told_elsewhere(anna)
        _streams_until_the_end(anna, ben)
        with pytest.raises(MastodonUnauthorizedError):
            anna.me()


def _instance(anna: Mastodon, here: House) -> None:
    assert anna.instance_v1().uri == here.host
    assert anna.instance_v2().domain == here.host
    assert anna.verify_minimum_version("4.5.0")
    assert anna.instance_nodeinfo().software.name == "confrere"
    assert anna.instance_health()
    assert anna.stream_healthy()
    assert anna.instance_rules() == []
    assert {one.code for one in anna.instance_languages()} == {"fr", "en"}
    assert anna.custom_emojis()[0].shortcode == "verified_clinician"
    assert anna.announcements() == []
    assert anna.app_verify_credentials().name == "Ward notes"
    assert anna.oauth_authorization_server_info().issuer.startswith(here.base)
    assert anna.preferences()["posting:default:visibility"] == "private"
    assert anna.get_approx_server_time()


def _accounts(anna: Mastodon, ben: Mastodon) -> None:
    me, him = anna.me(), ben.me()
    assert anna.account(him).acct == anna.account_lookup("ben").acct == "ben"
    assert [one.id for one in anna.accounts([him, me])] == [him.id, me.id]
    assert anna.account_search("ben")[0].id == him.id
    anna.account_update_credentials(locked=True, discoverable=True, note="Cardiologue", fields=[("Service", "USIC")])
    assert ben.account_follow(me).requested
    assert [one.id for one in anna.follow_requests()] == [him.id]
    assert anna.follow_request_authorize(him).followed_by
    anna.account_update_credentials(locked=False)
    assert anna.account_follow(him).following
    assert anna.account_note_set(him, "Vu au congrès").note == "Vu au congrès"
    assert [one.id for one in anna.account_followers(me)] == [him.id]
    assert [one.id for one in anna.account_following(me)] == [him.id]
    assert anna.account_familiar_followers(him)[0].id == him.id
    assert anna.account_endorse(him).endorsed
    assert [one.id for one in anna.endorsements()] == [him.id]
    assert not anna.account_unendorse(him).endorsed
    anna.account_update_credentials(avatar=picture(), avatar_mime_type="image/png")
    assert anna.account_delete_avatar().avatar.endswith("avatar.png")


def _statuses(anna: Mastodon, ben: Mastodon) -> None:
    file = anna.media_post(io.BytesIO(picture()), "image/png", description="Un tracé", focus=(0.1, 0.2))
    assert anna.media(file).url
    assert anna.media_update(file, description="Un beau tracé").description == "Un beau tracé"
    key = {"idempotency_key": "once"}
    post = anna.status_post("Un cas #ecg", media_ids=[file], spoiler_text="cas", visibility="public", **key)
    assert anna.status_post("Un cas #ecg", **key).id == post.id
    answer = ben.status_reply(post, "merci")
    assert [one.id for one in anna.status_context(post).descendants] == [answer.id]
    assert [one.id for one in anna.statuses([post, answer])] == [post.id, answer.id]
    edited = anna.status_update(post, "Un cas revu #ecg", spoiler_text="cas", media_ids=[file])
    assert edited.edited_at
    assert [one.content for one in anna.status_history(post)] == [post.content, edited.content]
    assert anna.status_source(post).text == "Un cas revu #ecg"
    assert ben.status_favourite(post).favourited
    assert ben.status_reblog(post).reblog.id == post.id
    assert ben.status_bookmark(post).bookmarked
    assert [one.id for one in anna.status_favourited_by(post) or []] == [ben.me().id]
    assert [one.id for one in anna.status_reblogged_by(post) or []] == [ben.me().id]
    assert [one.id for one in ben.favourites() or []] == [one.id for one in ben.bookmarks() or []] == [post.id]
    assert not ben.status_unreblog(post).reblogged
    assert not ben.status_unbookmark(post).bookmarked
    assert anna.status_mute(post).muted
    assert not anna.status_unmute(post).muted
    assert anna.status_pin(post).pinned
    assert [one.id for one in anna.account_statuses(anna.me(), pinned=True)] == [post.id]
    assert not anna.status_unpin(post).pinned
    with pytest.raises(MastodonNotFoundError):
        anna.status(1)
    with pytest.raises(MastodonAPIError):
        anna.status_translate(post)


def _timelines(anna: Mastodon, ben: Mastodon) -> None:
    posts = [anna.status_post(f"Numéro {number} #série", visibility="public") for number in range(3)]
    newest = [one.id for one in reversed(posts)]
    for ask in (anna.timeline_home, anna.timeline_local, anna.timeline_public):
        assert [one.id for one in ask(limit=3)] == newest
    first = anna.timeline_hashtag("série", limit=1)
    assert [one.id for one in anna.fetch_remaining(first)] == newest
    second = anna.fetch_next(first)
    assert [one.id for one in second or []] == newest[1:2]
    assert [one.id for one in anna.fetch_previous(second) or []] == newest[:1]
    assert [one.id for one in anna.timeline_home(min_id=posts[0], limit=1) or []] == [posts[1].id]
    assert [one.id for one in anna.timeline_home(since_id=posts[0], limit=1) or []] == [posts[2].id]
    assert [one.id for one in anna.account_statuses(anna.me(), tagged="série")] == newest
    assert anna.status_delete(posts[0]).text == "Numéro 0 #série"


def _notifications(anna: Mastodon, ben: Mastodon) -> None:
    kinds = {one.type for one in anna.notifications()}
    assert {"mention", "favourite", "follow"} <= kinds
    (favourite,) = anna.notifications(types=["favourite"])
    assert anna.notifications(id=favourite.id).status.id == favourite.status.id
    grouped = anna.grouped_notifications()
    assert {one.type for one in grouped.notification_groups} == kinds
    key = next(one.group_key for one in grouped.notification_groups if one.type == "favourite")
    assert anna.grouped_notification(key).notification_groups[0].group_key == key
    assert [one.id for one in anna.grouped_notification_accounts(key)] == [ben.me().id]
    assert anna.notifications_unread_count()
    assert anna.unread_grouped_notifications_count() > 0
    anna.markers_set("notifications", favourite.id)
    assert str(anna.markers_get(["notifications"]).notifications.last_read_id) == str(favourite.id)
    anna.dismiss_grouped_notification(key)
    assert anna.notifications(types=["favourite"]) == []
    ben.account_unfollow(anna.me())
    assert anna.update_notifications_policy(for_not_followers="filter").for_not_followers == "filter"
    for text in ("un", "deux"):
        ben.status_post(f"@anna {text}", visibility="public")
    (request,) = anna.notification_requests()
    assert anna.notification_request(request).account.id == ben.me().id
    anna.accept_notification_request(request)
    until(anna.notifications_merged, "what was accepted does not come")
    anna.update_notifications_policy(for_not_followers="accept")
    ben.account_follow(anna.me())
    anna.notifications_clear()
    assert anna.notifications() == []


def _polls_and_plans(anna: Mastodon, ben: Mastodon) -> None:
    asked = ben.status_post("Colchicine ?", poll=ben.make_poll(["oui", "non"], 3600, hide_totals=True))
    assert anna.poll(asked.poll).votes_count == 0
    assert anna.poll_vote(asked.poll, [1]).own_votes == [1]
    with pytest.raises(MastodonAPIError, match="already voted"):
        anna.poll_vote(asked.poll, [0])
    later = datetime.now(UTC) + timedelta(hours=2)
    waiting = anna.status_post("Demain", scheduled_at=later)
    assert [one.id for one in anna.scheduled_statuses()] == [waiting.id]
    moved = anna.scheduled_status_update(waiting, later + timedelta(hours=1))
    assert anna.scheduled_status(waiting).scheduled_at == moved.scheduled_at
    anna.scheduled_status_delete(waiting)
    assert anna.scheduled_statuses() == []


def _letters(anna: Mastodon, ben: Mastodon) -> None:
    letter = ben.status_post("@anna et pour demain ?", visibility="direct")
    conversation = anna.conversations()[0]
    assert (conversation.unread, conversation.last_status.id) == (True, letter.id)
    assert not anna.conversations_read(conversation).unread


def _lists_filters_and_tags(anna: Mastodon, ben: Mastodon) -> None:
    ward = anna.list_create("Service", replies_policy="followed")
    assert anna.list_update(ward, "Garde", exclusive=True).exclusive
    anna.list_accounts_add(ward, [ben.me()])
    assert [one.id for one in anna.list_accounts(ward)] == [ben.me().id]
    assert [one.id for one in anna.account_lists(ben.me())] == [anna.list(ward).id] == [one.id for one in anna.lists()]
    post = ben.status_post("Astreinte de nuit #garde", visibility="public")
    assert anna.timeline_list(ward)[0].id == post.id
    anna.list_accounts_delete(ward, [ben.me()])
    anna.list_delete(ward)

    words = [{"keyword": "astreinte", "whole_word": True}]
    filter_ = anna.create_filter_v2("Repos", ["public"], "warn", keywords_attributes=words)
    assert anna.timeline_public()[0].filtered[0].filter.id == filter_.id
    assert anna.filter_keywords_v2(filter_)[0].keyword == "astreinte"
    more = anna.add_filter_keyword_v2(filter_, "nuit", whole_word=True)
    anna.delete_filter_keyword_v2(more.id)
    single = anna.add_filter_status_v2(filter_, post)
    assert anna.filter_status_v2(single.id).status_id == post.id
    anna.delete_filter_status_v2(single.id)
    assert anna.update_filter_v2(filter_, title="Nuit").title == "Nuit"
    assert [one.id for one in anna.filters_v2()] == [filter_.id]
    anna.delete_filter_v2(filter_)
    old = anna.filter_create("astreinte", ["home"])
    assert anna.filter_update(old, phrase="garde").phrase == "garde"
    assert [one.id for one in anna.filters()] == [anna.filter(old).id]
    anna.filter_delete(old)

    assert anna.tag_follow("garde").following
    assert [one.name for one in anna.followed_tags()] == [anna.tag("garde").name]
    assert not anna.tag_unfollow("garde").following
    featured = anna.featured_tag_create("ecg")
    assert (
        [one.name for one in anna.account_featured_tags(anna.me())]
        == ["ecg"]
        == [one.name for one in anna.featured_tags()]
    )
    anna.featured_tag_delete(featured)
    assert anna.featured_tag_suggestions()


def _found_and_recommended(anna: Mastodon, ben: Mastodon) -> None:
    found = anna.search("revu")
    assert [one.spoiler_text for one in found.statuses] == ["cas"]
    assert [one.name for one in anna.search("ecg", result_type="hashtags").hashtags] == ["ecg"]
    assert [one.acct for one in anna.search("@ben", result_type="accounts").accounts] == ["ben"]
    ben.account_update_credentials(discoverable=True)
    assert {one.acct for one in anna.directory(local=True)} == {"anna", "ben"}
    for ask in (
        anna.trending_tags,
        anna.trending_links,
        anna.trending_statuses,
        anna.suggestions_v1,
        anna.suggestions_v2,
    ):
        assert ask() == []


def _kept_away(anna: Mastodon, ben: Mastodon) -> None:
    him = ben.me()
    assert anna.account_mute(him, notifications=True, duration=3600).muting
    assert [one.id for one in anna.mutes()] == [him.id]
    assert not anna.account_unmute(him).muting
    assert anna.account_block(him).blocking
    assert [one.id for one in anna.blocks()] == [him.id]
    with pytest.raises(MastodonAPIError):
        ben.account_follow(anna.me())
    assert not anna.account_unblock(him).blocking
    ben.account_follow(anna.me())
    assert not anna.account_remove_from_followers(him).followed_by
    assert anna.account_follow(him).following
    anna.domain_block("far.example")
    assert list(anna.domain_blocks()) == ["far.example"]
    anna.domain_unblock("far.example")
    assert anna.report(him, comment="pour voir", category="other").category == "other"


def _told_elsewhere(anna: Mastodon) -> None:
    _, public = anna.push_subscription_generate_keys()
    events: dict[str, Any] = {"follow_events": True, "mention_events": True}
    made = anna.push_subscription_set("https://push.example/anna", public, policy="followed", **events)
    assert made.alerts.follow
    assert anna.push_subscription().endpoint == "https://push.example/anna"
    assert not anna.push_subscription_update(follow_events=False).alerts.follow
    anna.push_subscription_delete()
    with pytest.raises(MastodonNotFoundError):
        anna.push_subscription()


def _streams_until_the_end(anna: Mastodon, ben: Mastodon) -> None:
    heard = Listener()
    handles = [
        open_(listener=heard, run_async=True, **more)
        for open_, more in (
            (anna.stream_user, {}),
            (anna.stream_local, {}),
            (anna.stream_hashtag, {"tag": "ecg"}),
            (anna.stream_direct, {}),
        )
    ]
    until(lambda: all(handle.connection for handle in handles), "a stream was not opened")
    post = ben.status_post("Bonjour #ecg", visibility="public")
    until(lambda: heard.count("update", lambda one: one.id == post.id) == 3, "a stream did not bring the post")
    ben.status_post("@anna entre nous", visibility="direct")
    heard.wait_for("conversation", lambda one: "entre nous" in one.last_status.content)
    # Signing out first: closing alone waits for whatever the server says next, if only that it is there.
    anna.revoke_access_token(allow_http=True)
    for handle in handles:
        handle.join(PATIENCE)
        assert not handle.is_alive(), "a stream outlives the token"
        handle.close()
