"""One person, Zoé, on a server made of pubby. Tests say what she does by POST /act, and ask what came by GET /seen.

pubby speaks draft-cavage signatures alone, and keeps those who follow by itself.
"""

import asyncio
import logging
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

import pubby
from aiohttp import web
from pubby.crypto import generate_rsa_keypair
from pubby.storage.adapters.file import FileActivityPubStorage

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ACTIVITY = "application/activity+json"
JRD = "application/jrd+json"


class Server:
    """What Zoé writes and what came, in memory; pubby's own memory is a folder."""

    def __init__(self, base: str, folder: str) -> None:
        self.base = base
        self.seen: list[Any] = []
        self.notes: dict[str, pubby.Object] = {}
        self.numbers = count(1)
        self.pubby = pubby.ActivityPubHandler(
            FileActivityPubStorage(folder),
            pubby.ActorConfig(base_url=base, username="zoe", name="Zoé", actor_path="/users/zoe"),
            private_key=generate_rsa_keypair()[0],
            webfinger_domain=base.removeprefix("http://"),
            allow_private_targets=True,
            async_delivery=False,
            max_retries=1,
            on_activity=lambda _, activity: self.seen.append(activity),
        )

    # --- what Zoé does -------------------------------------------------------------------------------------------

    def act(self, said: Mapping[str, str]) -> str:
        """Do it, and answer the id of what it was done to, or of what was made."""
        activity: dict[str, Any] = getattr(self, f"_{said['act']}")(said)
        self.pubby.publish_activity(activity)
        about = activity["object"]
        return str(about["id"] if isinstance(about, dict) else about)

    def _follow(self, said: Mapping[str, str]) -> dict[str, Any]:
        me, to = self.pubby.actor_id, said["to"]
        follow = {"id": f"{me}/follows/{next(self.numbers)}", "type": "Follow", "actor": me, "object": to, "to": [to]}
        return {"@context": "https://www.w3.org/ns/activitystreams", **follow}

    def _like(self, said: Mapping[str, str]) -> dict[str, Any]:
        return dict(self.pubby.outbox.build_like_activity(said["object"]))

    def _post(self, said: Mapping[str, str]) -> dict[str, Any]:
        return dict(
            self.pubby.outbox.build_create_activity(self._write(f"{self.base}/notes/{next(self.numbers)}", said))
        )

    def _edit(self, said: Mapping[str, str]) -> dict[str, Any]:
        return dict(self.pubby.outbox.build_update_activity(self._write(said["object"], said)))

    def _delete(self, said: Mapping[str, str]) -> dict[str, Any]:
        del self.notes[said["object"]]
        return dict(self.pubby.outbox.build_delete_activity(said["object"]))

    def _write(self, uri: str, said: Mapping[str, str]) -> pubby.Object:
        self.notes[uri] = pubby.Object(
            id=uri,
            content=f"<p>{said['text']}</p>",
            attributed_to=self.pubby.actor_id,
            in_reply_to=said.get("inReplyTo"),
            published=datetime.now(UTC),
            to=[PUBLIC],
            cc=[self.pubby.followers_url, said["to"]],
        )
        return self.notes[uri]

    # --- what others ask -----------------------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        match request.path:
            case "/seen":
                return web.json_response(self.seen)
            case "/act":
                return web.json_response({"object": await asyncio.to_thread(self.act, await request.json())})
            case "/ap/inbox":
                return await self._take(request, body)
            case "/.well-known/webfinger":
                found = self.pubby.get_webfinger_response(request.query["resource"])
                return _document(found, JRD)
            case "/users/zoe":
                return _document(self.pubby.get_actor_document(), ACTIVITY)
            case path:
                note = self.notes.get(f"{self.base}{path}")
                return _document(note and note.to_dict(), ACTIVITY)

    async def _take(self, request: web.Request, body: bytes) -> web.Response:
        try:
            await asyncio.to_thread(
                self.pubby.process_inbox_activity,
                await request.json(),
                path=request.path,
                headers=dict(request.headers),
                body=body,
            )
        except pubby.SignatureVerificationError as error:
            return web.json_response({"error": str(error)}, status=401)
        return web.Response(status=202)


def _document(found: Any, content_type: str) -> web.Response:
    return web.json_response(found, content_type=content_type) if found else web.Response(status=404)


async def main() -> None:
    """Serve until killed; the address is said once somebody may ask."""
    logging.basicConfig(level=logging.WARNING)
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listening:
        base = f"http://localhost:{listening.getsockname()[1]}"
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", Server(base, folder).answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        sys.stdout.write(f"{base}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
