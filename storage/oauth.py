"""Registered apps, authorization codes and access tokens. Secrets come as hashes only. Must not know what scopes mean."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.records import App, Token, columns, make, placeholders, values

_APP = columns(App, "p")
_TOKEN = columns(Token, "t")
_WIDTH = _APP.count(",") + 1
_INSERT_APP = "INSERT INTO oauth_apps ({}) VALUES ({})".format(*placeholders(App))
# Tokens that a member uses: as themselves, or as somebody else.
_WHOSE = "(operator_id = :actor OR (operator_id IS NULL AND actor_id = :actor))"
_INSERT_TOKEN = "INSERT INTO tokens ({}) VALUES ({})".format(*placeholders(Token))


@dataclass(frozen=True, slots=True)
class Code:
    """What a person allowed an app to do, until the app fetches its token. `challenge` is '' without PKCE;
    `operator_id` as in `Token`.
    """

    hash: str
    app_id: int
    actor_id: int
    redirect_uri: str
    scopes: str
    challenge: str
    created_at: int
    operator_id: int | None = None


_CODE, _CODE_VALUES = placeholders(Code)
_INSERT_CODE = f"INSERT INTO oauth_codes ({_CODE}) VALUES ({_CODE_VALUES})"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token gives at this moment. Tokens of apps have no actor. `scopes` are separated by spaces.

    `standing`: '' when its member may act, else what keeps them from it: `unconfirmed`, `pending` or `disabled`. `type` and
    `name` are the actor's. Where the member `operator` acts as the actor, `role` and `standing` are that member's, `runs`
    says whether they run this channel, `member` and `moderator` what they are in this group, now. `public`: it is a public one.
    """

    token_id: int
    app_id: int
    scopes: str
    actor_id: int | None
    role: str | None
    standing: str
    used_at: int | None = None
    type: str = ""
    name: str = ""
    operator_id: int | None = None
    operator: str = ""
    runs: int = 0
    member: int = 0
    moderator: int = 0
    public: int = 0


# `w` is the account that must be open besides the actor's own: the operator's, or the same.
_GRANT = """SELECT t.id, t.app_id, t.scopes, t.actor_id, w.role,
  CASE WHEN t.actor_id IS NULL THEN '' WHEN w.actor_id IS NULL THEN 'disabled'
    WHEN w.confirmed_at IS NULL THEN 'unconfirmed' WHEN w.approved_at IS NULL THEN 'pending'
    WHEN w.disabled_at IS NULL AND v.disabled_at IS NULL AND a.disabled_at IS NULL AND c.disabled_at IS NULL THEN ''
    ELSE 'disabled' END,
  t.used_at, coalesce(a.type, ''), coalesce(a.username, ''),
  t.operator_id, CASE WHEN t.operator_id IS NULL THEN '' ELSE v.username END,
  CASE WHEN o.actor_id IS NULL THEN 0 ELSE 1 END,
  CASE WHEN r.role = 'moderator' OR (m.state = 'active' AND m.lease_until > :now) THEN 1 ELSE 0 END,
  CASE WHEN r.role = 'moderator' THEN 1 ELSE coalesce(m.moderator, 0) END, CASE WHEN g.actor_id IS NULL THEN 0 ELSE 1 END
  FROM tokens t
  LEFT JOIN actors a ON a.id = t.actor_id
  LEFT JOIN members c ON c.actor_id = t.actor_id
  LEFT JOIN actors v ON v.id = coalesce(t.operator_id, t.actor_id)
  LEFT JOIN members w ON w.actor_id = coalesce(t.operator_id, t.actor_id)
  LEFT JOIN channel_operators o ON o.channel_id = t.actor_id AND o.actor_id = t.operator_id
  LEFT JOIN memberships m ON m.group_id = t.actor_id AND m.actor_id = t.operator_id
  LEFT JOIN public_groups g ON g.actor_id = t.actor_id
  LEFT JOIN public_group_roles r ON r.group_id = t.actor_id AND r.actor_id = t.operator_id"""


async def insert_app(tx: Transaction, app: App) -> None:
    await tx.execute(_INSERT_APP, **values(app))


async def get_app(tx: Reader, app_id: int) -> App | None:
    return make(App, await tx.row(f"SELECT {_APP} FROM oauth_apps p WHERE p.id = :id", id=app_id))


async def get_app_by_client_id(tx: Reader, client_id: str) -> App | None:
    return make(App, await tx.row(f"SELECT {_APP} FROM oauth_apps p WHERE p.client_id = :client", client=client_id))


async def insert_code(tx: Transaction, code: Code, *, older_than: int) -> None:
    """Record a code, and forget those made before `older_than`."""
    await tx.execute("DELETE FROM oauth_codes WHERE created_at < :before", before=older_than)
    await tx.execute(_INSERT_CODE, **values(code))


async def claim_code(tx: Transaction, hashed: str) -> Code | None:
    """The code, which is good once: of two who claim it, one gets None."""
    claimed = await tx.rows(f"DELETE FROM oauth_codes WHERE hash = :hash RETURNING {_CODE}", hash=hashed)
    return Code(*claimed[0]) if claimed else None


async def insert_token(tx: Transaction, token: Token) -> None:
    await tx.execute(_INSERT_TOKEN, **values(token))


async def get_token(tx: Reader, hashed: str) -> Token | None:
    return make(Token, await tx.row(f"SELECT {_TOKEN} FROM tokens t WHERE t.hash = :hash", hash=hashed))


async def get_grant(tx: Reader, hashed: str, *, now: int) -> Grant | None:
    """What the token with this hash gives now. A token whose member is gone counts as disabled."""
    return make(Grant, await tx.row(f"{_GRANT} WHERE t.hash = :hash", hash=hashed, now=now))


async def list_grants(tx: Reader, token_ids: Iterable[int], *, now: int) -> dict[int, Grant]:
    """What these tokens give now, by id: for what outlives a request, like open streams and links to files."""
    found = await tx.rows(f"{_GRANT} WHERE t.id IN :ids", ids=list(token_ids), now=now)
    return {row[0]: Grant(*row) for row in found}


async def delete_token(tx: Transaction, hashed: str, *, app_id: int) -> bool:
    """Revoke one token of this app; False when the app has no such token."""
    return await tx.execute("DELETE FROM tokens WHERE hash = :hash AND app_id = :app", hash=hashed, app=app_id) > 0


async def update_used(tx: Transaction, token_id: int, *, now: int) -> None:
    """Note that a token was used just now."""
    await tx.execute("UPDATE tokens SET used_at = :now WHERE id = :id", id=token_id, now=now)


async def list_tokens_of(tx: Reader, actor_id: int) -> list[tuple[App, Token, str]]:
    """Every token of a member with the app that has it, newest first; the name of whom they act as by it, if not as
    themselves.
    """
    rows = await tx.rows(
        f"SELECT CASE WHEN t.operator_id IS NULL THEN '' ELSE a.username END, {_APP}, {_TOKEN} FROM tokens t "
        "JOIN oauth_apps p ON p.id = t.app_id JOIN actors a ON a.id = t.actor_id "
        f"WHERE {_WHOSE} ORDER BY t.id DESC",
        actor=actor_id,
    )
    return [(App(*row[:_WIDTH]), Token(*row[_WIDTH:]), name) for name, *row in rows]


async def delete_app_of(tx: Transaction, actor_id: int, app_id: int) -> bool:
    """Take from an app all that it has of a member, unfetched codes too; False when it had no token."""
    whose = {"actor": actor_id, "app": app_id}
    await tx.execute(f"DELETE FROM oauth_codes WHERE {_WHOSE} AND app_id = :app", **whose)
    return await tx.execute(f"DELETE FROM tokens WHERE {_WHOSE} AND app_id = :app", **whose) > 0


async def delete_tokens_of(tx: Transaction, actor_id: int) -> None:
    """Revoke every token of a member, whatever the app, and whoever they act as by it."""
    await tx.execute("DELETE FROM tokens WHERE actor_id = :actor OR operator_id = :actor", actor=actor_id)


async def delete_all_tokens(tx: Transaction) -> None:
    """No app acts for anybody any more."""
    await tx.execute("DELETE FROM tokens WHERE actor_id IS NOT NULL")
    await tx.execute("DELETE FROM oauth_codes")


async def delete_tokens_as(tx: Transaction, actor_id: int, *, operator_id: int) -> None:
    """Revoke what lets a member act as a channel or a group, unfetched codes too."""
    whose = {"actor": actor_id, "operator": operator_id}
    await tx.execute("DELETE FROM oauth_codes WHERE actor_id = :actor AND operator_id = :operator", **whose)
    await tx.execute("DELETE FROM tokens WHERE actor_id = :actor AND operator_id = :operator", **whose)
