"""`confrere policy`: the ruleset in force, its versions, and why a post did or did not reach somebody."""

import difflib
import re
import sys
from pathlib import Path
from typing import Any

import click

from federation.context import Context, Origin
from federation.explaining import Crossing, Fate, concerned
from federation.explaining import explain as explain_post
from federation.outbox import peers
from federation.outbox.peers import ApprovalNeededError, StaleDraftError
from federation.simulating import count, replay
from policies.decision import Deny
from policies.moderation import Act, may
from policies.rules import RulesetError, parse
from policies.simulating import Becomes, Line
from policies.terms import Role
from policies.wording import describe_change
from server.cli.console import CONSOLE, Console, Group, Refused, moment, told
from server.cli.people import get_member, refuse, tell_member
from server.context import now_ms
from server.speech import say
from storage import members, rules, statuses
from storage.database import Reader
from storage.members import Person
from storage.rules import RulesetVersion

DAY = 24 * 3_600_000
_BECOMES = {
    Becomes.ALLOWED: "autorisé",
    Becomes.LIMITED: "en partie",
    Becomes.HELD: "retenu",
    Becomes.REFUSED: "refusé",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FATES = {
    Fate.SENT: "envoyé",
    Fate.WAITING: "en route",
    Fate.HELD: "retenu",
    Fate.REFUSED: "refusé",
    Fate.FAILED: "non remis",
    Fate.ASKED_TO_DELETE: "suppression demandée",
    Fate.DELETED: "supprimé",
    Fate.NOT_CONCERNED: "non concerné",
}


@click.group("policy", cls=Group, **told("What may cross the boundary.", "Ce qui peut sortir.", "confrere policy show"))
def policy_command() -> None:
    pass


@policy_command.command(
    "show", **told("The ruleset in force, as written.", "Les règles en vigueur.", "confrere policy show > rules.toml")
)
@click.option("--version", type=int, metavar="N", help=say("An earlier version.", "Une version antérieure."))
@click.pass_obj
def show(console: Console, version: int | None) -> None:
    found = console.run(lambda ctx: ctx.db.read(lambda tx: _get_text(tx, version)))
    console.tell({"version": found.version, "text": found.body}, found.body.rstrip("\n"))


@policy_command.command(
    "check",
    **told("All mistakes in a file of rules.", "Toutes les erreurs d'un fichier.", "confrere policy check rules.toml"),
)
@click.argument("file", type=_FILE)
@click.pass_obj
def check(console: Console, file: Path) -> None:
    _read_rules(file)
    console.tell({"ok": True}, say(f"{file}: in order", f"{file} : en ordre"))


@policy_command.command(
    "diff",
    **told(
        "What a file would change in the ruleset in force.",
        "Ce qu'un fichier changerait aux règles en vigueur.",
        "confrere policy diff rules.toml",
    ),
)
@click.argument("file", type=_FILE)
@click.pass_obj
def diff(console: Console, file: Path) -> None:
    draft = _read_rules(file)
    current = console.run(lambda ctx: ctx.db.read(current_text))
    lines = difflib.unified_diff(
        current.body.splitlines(), draft.splitlines(), f"version {current.version}", str(file), lineterm=""
    )
    changes = "\n".join(lines)
    effects = describe_change(parse(current.body), parse(draft), now_ms())
    data = {
        "version": current.version,
        "diff": changes,
        "widens": any(each.widens for each in effects),
        "effects": [{"widens": each.widens, "fr": each.fr, "en": each.en} for each in effects],
    }
    words = "\n".join(f"{'+' if each.widens else '-'} {say(each.en, each.fr)}" for each in effects)
    nothing = say("Nothing is decided otherwise.", "Rien n'est décidé autrement.")
    console.tell(data, f"{changes}\n\n{words or nothing}" if changes else say("No difference.", "Aucune différence."))


@policy_command.command(
    "simulate",
    **told(
        "What a file of rules would have made of what was decided in the last days.",
        "Ce qu'un fichier de règles aurait fait de ce qui a été décidé ces derniers jours.",
        "confrere policy simulate rules.toml --days 30",
    ),
)
@click.argument("file", type=_FILE)
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, metavar="N")
@click.pass_obj
def simulate(console: Console, file: Path, days: int) -> None:
    draft = parse(_read_rules(file))

    async def act(ctx: Context) -> list[Line]:
        since = ctx.now() - days * DAY
        lines: list[Line] = []
        with click.progressbar(length=await count(ctx, since), file=sys.stderr, hidden=console.as_json) as bar:
            async for running, size in replay(ctx, draft, since):
                bar.update(size)
                lines = running.lines()
        return lines

    rows = [
        {
            "becomes": say(line.becomes, _BECOMES[line.becomes]),
            "count": line.count,
            "about": line.host,
            "group": line.group,
            "kind": line.kind,
            "examples": " ".join(line.examples),
        }
        for line in console.run(act)
    ]
    console.show_rows(rows, say("Nothing would be otherwise.", "Rien ne serait autrement."))


@policy_command.command(
    "apply",
    **told(
        "Put a file of rules in force, as a new version.",
        "Mettre en vigueur un fichier de règles, comme nouvelle version.",
        "confrere policy apply rules.toml --reason 'agreement with CHU B renewed'",
    ),
)
@click.argument("file", type=_FILE)
@click.option("--reason", required=True, metavar="R")
@click.option("--by", metavar="ADMIN", help=say("Whose change it is.", "De qui vient le changement."))
@click.pass_obj
def apply(console: Console, file: Path, reason: str, by: str | None) -> None:
    draft = _read_rules(file)

    async def act(ctx: Context) -> int:
        author = await _admin(ctx, by) if by else CONSOLE
        return await put_in_force(ctx, draft, by=author, reason=reason)

    _tell_version(console, console.run(act))


@policy_command.command(
    "drafts",
    **told(
        "Changes that wait for a second admin, and what they would allow.",
        "Les changements qui attendent un second administrateur, et ce qu'ils permettraient.",
        "confrere policy drafts",
    ),
)
@click.pass_obj
def drafts(console: Console) -> None:
    async def act(ctx: Context) -> list[dict[str, Any]]:
        return await ctx.db.read(lambda tx: _drafts(tx, ctx.now()))

    console.show_rows(console.run(act), say("No drafts.", "Pas de projet."))


@policy_command.command(
    "approve",
    **told(
        "Put a draft in force as another admin than its author; alone, a day after it was written.",
        "Mettre un projet en vigueur, comme autre administrateur que son auteur ; seul, un jour après.",
        "confrere policy approve 114000000000000000 --by ben",
    ),
)
@click.argument("draft", type=int)
@click.option("--by", metavar="ADMIN")
@click.pass_obj
def approve(console: Console, draft: int, by: str | None) -> None:
    async def act(ctx: Context) -> int:
        try:
            return await peers.approve_draft(ctx, draft, by=await _admin(ctx, by) if by else "")
        except ApprovalNeededError as error:
            raise refuse(error.decision) from error
        except StaleDraftError as error:
            raise _stale(draft) from error

    _tell_version(console, console.run(act))


@policy_command.command(
    "drop", **told("Give a draft up.", "Abandonner un projet.", "confrere policy drop 114000000000000000")
)
@click.argument("draft", type=int)
@click.pass_obj
def drop(console: Console, draft: int) -> None:
    async def act(ctx: Context) -> None:
        try:
            await peers.drop_draft(ctx, draft, by=CONSOLE)
        except StaleDraftError as error:
            raise _stale(draft) from error

    console.run(act)
    console.tell({"draft": draft}, say("Dropped.", "Abandonné."))


@policy_command.command(
    "rollback",
    **told(
        "Put the text of an earlier version in force again, as a new version.",
        "Remettre en vigueur le texte d'une version antérieure, comme nouvelle version.",
        "confrere policy rollback 4 --reason 'widened by mistake'",
    ),
)
@click.argument("version", type=int)
@click.option("--reason", required=True, metavar="R")
@click.pass_obj
def rollback(console: Console, version: int, reason: str) -> None:
    async def act(ctx: Context) -> int:
        earlier = await ctx.db.read(lambda tx: _get_text(tx, version))
        try:
            return await put_in_force(ctx, earlier.body, by=CONSOLE, reason=reason)
        except RulesetError as error:
            raise refuse_mistakes(error) from error

    _tell_version(console, console.run(act))


@policy_command.command(
    "log", **told("Every version: who, when, why.", "Chaque version : qui, quand, pourquoi.", "confrere policy log")
)
@click.pass_obj
def log(console: Console) -> None:
    found = console.run(lambda ctx: ctx.db.read(rules.list_versions))
    rows = [
        {"version": each.version, "at": moment(each.created_at), "by": each.author, "reason": each.reason}
        for each in found
    ]
    console.show_rows(rows, "")


@policy_command.command(
    "explain",
    **told(
        "What was decided about a post, for each host, and by which rule. POST is an id or an address.",
        "Ce qui a été décidé d'un message, pour chaque hôte, et par quelle règle. POST est un identifiant ou une adresse.",
        "confrere policy explain https://social.chu-a.example/@claire/114000000000000000",
    ),
)
@click.argument("post")
@click.pass_obj
def explain(console: Console, post: str) -> None:
    async def act(ctx: Context) -> list[dict[str, Any]]:
        return await ctx.db.read(lambda tx: _explain(tx, ctx.origin, post))

    nothing = say(
        f"Nothing was decided about {post} at the boundary.", f"Rien n'a été décidé de {post} à la frontière."
    )
    console.show_rows(console.run(act), nothing)


async def put_in_force(ctx: Context, text: str, *, by: str, reason: str) -> int:
    """A new version, or Refused with the draft that waits for a second admin, whom the instance tells. RulesetError."""
    try:
        return await peers.save_rules(ctx, text, by=by, reason=reason)
    except ApprovalNeededError as error:
        await _tell_admins(ctx, by, reason)
        waits = refuse(error.decision).message
        raise Refused(
            say(f"{waits} It waits as draft {error.draft_id}.", f"{waits} Il attend : projet {error.draft_id}.")
        ) from error


async def _tell_admins(ctx: Context, by: str, reason: str) -> None:
    async def others(tx: Reader) -> list[Person]:
        ids = await members.list_ids_with_roles(tx, [Role.ADMIN])
        found = [await members.get_person(tx, one) for one in ids]
        return [person for person in found if person is not None and person.actor.username != by]

    for person in await ctx.db.read(others):
        await tell_member(
            ctx,
            person,
            french=f"{by} propose un changement de politique qui élargit ce qui est permis ({reason}) : "
            "`confrere policy drafts`.",
            english=f"{by} proposes a change of policy that allows more ({reason}): `confrere policy drafts`.",
        )


async def _admin(ctx: Context, name: str) -> str:
    """The name of an admin. Refused for anybody else."""
    person = await ctx.db.read(lambda tx: get_member(tx, name))
    if isinstance(may(Role(person.member.role), Act.CHANGE_POLICY), Deny):
        raise Refused(say(f"{name} is no admin", f"{name} n'administre pas"))
    return person.actor.username


def _stale(draft: int) -> Refused:
    return Refused(
        say(
            f"no draft {draft}, or the rules have changed since it was written: apply it again",
            f"pas de projet {draft}, ou les règles ont changé depuis : appliquez-le de nouveau",
        )
    )


async def _drafts(tx: Reader, now: int) -> list[dict[str, Any]]:
    current = parse((await current_text(tx)).body)
    return [
        {
            "draft": str(each.id),
            "at": moment(each.created_at),
            "by": each.author,
            "reason": each.reason,
            "allows": " ".join(
                say(said.en, said.fr) for said in describe_change(current, parse(each.body), now) if said.widens
            ),
        }
        for each in await rules.list_drafts(tx)
    ]


async def current_text(tx: Reader) -> RulesetVersion:
    """The ruleset in force, with its version."""
    return await _get_text(tx, None)


def refuse_mistakes(error: RulesetError) -> Refused:
    """All mistakes of a ruleset, a line each."""
    return Refused("\n".join(f"{say('line', 'ligne')} {_place(each)}" for each in error.mistakes))


def _place(mistake: Any) -> str:
    meant = say(f"; did you mean {mistake.suggestion}?", f" ; vouliez-vous dire {mistake.suggestion} ?")
    message = say(mistake.message, mistake.message_fr)
    key = f"{mistake.key}: " if mistake.key else ""
    return f"{mistake.line}: {key}{message}{meant if mistake.suggestion else ''}"


async def _get_text(tx: Reader, version: int | None) -> RulesetVersion:
    found = await (rules.get_current(tx) if version is None else rules.get_version(tx, version))
    if found is None:
        raise Refused(say(f"no version {version}", f"pas de version {version}"))
    return found


def _read_rules(file: Path) -> str:
    try:
        text = file.read_text("utf-8")
        parse(text)
    except UnicodeDecodeError as error:
        raise Refused(say(f"{file} is not UTF-8", f"{file} n'est pas en UTF-8")) from error
    except RulesetError as error:
        raise refuse_mistakes(error) from error
    return text


def _tell_version(console: Console, version: int) -> None:
    console.tell({"version": version}, say(f"Version {version} is in force.", f"La version {version} est en vigueur."))


async def _explain(tx: Reader, origin: Origin, post: str) -> list[dict[str, Any]]:
    uri = await _uri_of(tx, origin, post)
    return [_row(each) for each in concerned(await explain_post(tx, uri))]


async def _uri_of(tx: Reader, origin: Origin, post: str) -> str:
    """Posts are named by id, by uri, or by the address of their page; deleted ones still by uri."""
    page = re.fullmatch(rf"(?:{re.escape(origin.base)}/@[^/]+/)?(\d+)", post)
    status = await statuses.get_status(tx, int(page[1])) if page else None
    if status is None and page:
        raise Refused(say(f"no post {post}", f"pas de message {post}"))
    return status.uri if status else post


def _row(crossing: Crossing) -> dict[str, Any]:
    return {
        "host": crossing.host,
        "state": say(crossing.fate.value, _FATES[crossing.fate]),
        "rule": crossing.rule,
        "reason": say(crossing.sentence("admin", "en"), crossing.sentence("admin", "fr")),
        "version": crossing.version,
        "decided": _moment(crossing.decided_at),
        "sent": _moment(crossing.sent_at),
        "deleted": _moment(crossing.deleted_at),
    }


def _moment(milliseconds: int | None) -> str:
    return "" if milliseconds is None else moment(milliseconds)
