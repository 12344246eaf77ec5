"""`confrere peer`: other institutions. Peers live in the ruleset; each change here is a new version of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from federation.client import Fetched
from federation.context import Context
from federation.failures import FetchError
from federation.wire.actors import parse_actor
from federation.wire.bounded import parse_json
from federation.wire.discovery import parse_nodeinfo, parse_nodeinfo_links
from federation.wire.errors import ProtocolError
from policies import edits
from policies.rules import HOST, STATES, RulesetError, parse
from policies.ruleset import Agreement, Direction, OnExpiry, Onward, Peer, day_of, peer_standing, sharing
from policies.terms import GROUP_ONLY, Audience, Level, PeerState
from server.cli.console import CONSOLE, Console, Group, Refused, told
from server.cli.policy import current_text, put_in_force, refuse_mistakes
from server.speech import say
from storage.rules import RulesetVersion

_DAY = click.DateTime(["%Y-%m-%d"])
_JSON = ("application/json",)


@click.group("peer", cls=Group, **told("Other institutions.", "Les autres établissements.", "confrere peer list"))
def peer_command() -> None:
    pass


@peer_command.command(
    "add",
    **told(
        "Add an institution to the ruleset.",
        "Ajouter un établissement aux règles.",
        "confrere peer add chu-b.example --organisation 'CHU B' --state active"
        " --agreement 2026-014 --from 2026-01-10 --until 2027-01-10",
    ),
)
@click.argument("host")
@click.option("--organisation", required=True, metavar="O")
@click.option("--state", required=True, type=click.Choice([state.value for state in STATES]))
@click.option("--agreement", metavar="REF", help=say("Reference of the agreement.", "Référence de la convention."))
@click.option("--from", "starts", type=_DAY, metavar="D", help=say("Its first day.", "Son premier jour."))
@click.option("--until", type=_DAY, metavar="D", help=say("Its last day.", "Son dernier jour."))
@click.pass_obj
def add(
    console: Console,
    host: str,
    organisation: str,
    state: str,
    agreement: str | None,
    starts: datetime | None,
    until: datetime | None,
) -> None:
    made = _agreement(agreement, starts, until)
    version = _change(
        console,
        lambda text: edits.add_peer(text, host, organisation=organisation, state=PeerState(state), agreement=made),
        reason=f"peer add {host}",
    )
    _tell_change(console, host, version)


@peer_command.command(
    "set",
    **told(
        "Change what the ruleset says of an institution.",
        "Changer ce que les règles disent d'un établissement.",
        "confrere peer set chu-b.example --state suspended --reason 'breach reported'",
    ),
)
@click.argument("host")
@click.option("--organisation", metavar="O")
@click.option("--state", type=click.Choice([state.value for state in STATES]))
@click.option("--direction", type=click.Choice([direction.value for direction in Direction]))
@click.option("--onward", type=click.Choice([onward.value for onward in Onward]))
@click.option("--accept-levels-from", type=click.Choice([level.name.lower() for level in Level]))
@click.option("--agreement", metavar="REF", help=say("'' takes it out.", "'' la retire."))
@click.option("--from", "starts", type=_DAY, metavar="D")
@click.option("--until", type=_DAY, metavar="D")
@click.option("--on-expiry", type=click.Choice([each.value for each in OnExpiry]))
@click.option("--retention-days", type=click.IntRange(min=1), metavar="N")
@click.option("--identifier", metavar="N", help=say("Number in a register.", "Numéro dans un répertoire."))
@click.option(
    "--contact",
    "contacts",
    multiple=True,
    metavar="C",
    help=say("May be repeated; '' takes all out.", "Peut être répété ; '' les retire."),
)
@click.option("--reason", default="", metavar="R")
@click.pass_obj
def set_(console: Console, /, host: str, reason: str, **given: Any) -> None:
    agreement, starts, until = (given.pop(name) for name in ("agreement", "starts", "until"))
    contacts = given.pop("contacts")
    changes: dict[str, edits.Setting | None] = {name: value for name, value in given.items() if value is not None}
    if agreement == "":
        changes["agreement"] = None
    elif agreement or starts or until:
        changes["agreement"] = _agreement(agreement, starts, until)
    if contacts:
        changes["contacts"] = [each for each in contacts if each] or None
    if not changes:
        raise Refused(say("nothing to change; see --help", "rien à changer ; voir --help"))
    version = _change(console, lambda text: edits.set_peer(text, host, changes), reason=reason or f"peer set {host}")
    _tell_change(console, host, version)


@peer_command.command(
    "remove",
    **told(
        "Take an institution out of the ruleset: its host is then unknown.",
        "Retirer un établissement des règles : son hôte est alors inconnu.",
        "confrere peer remove chu-b.example",
    ),
)
@click.argument("host")
@click.option("--reason", default="", metavar="R")
@click.pass_obj
def remove(console: Console, host: str, reason: str) -> None:
    version = _change(console, lambda text: edits.remove_peer(text, host), reason=reason or f"peer remove {host}")
    _tell_change(console, host, version)


@peer_command.command(
    "list", **told("All institutions in the ruleset.", "Tous les établissements des règles.", "confrere peer list")
)
@click.pass_obj
def list_(console: Console) -> None:
    async def act(ctx: Context) -> list[dict[str, Any]]:
        ruleset = parse((await _current(ctx)).body)
        today = day_of(ctx.now())
        return [
            {
                "host": peer.host,
                "organisation": peer.organisation,
                "state": peer_standing(ruleset, peer.host, today).state.value,
                "agreement": _agreement_text(peer),
            }
            for peer in ruleset.peers.values()
        ]

    console.show_rows(console.run(act), say("No peers yet.", "Pas encore de pair."))


@peer_command.command("show", **told("One institution.", "Un établissement.", "confrere peer show chu-b.example"))
@click.argument("host")
@click.pass_obj
def show(console: Console, host: str) -> None:
    async def act(ctx: Context) -> dict[str, Any]:
        ruleset = parse((await _current(ctx)).body)
        peer = ruleset.peers.get(host)
        if peer is None:
            raise Refused(say(f"{host} is not listed", f"{host} n'est pas dans la liste"))
        standing = peer_standing(ruleset, host, day_of(ctx.now()))
        return {
            "host": host,
            "organisation": peer.organisation,
            "identifier": peer.identifier,
            "contacts": list(peer.contacts),
            "state": standing.state.value,
            "reason": standing.cause.value if standing.cause else None,
            "agreement": _agreement_text(peer),
            "direction": peer.direction.value,
            "onward": peer.onward.value,
            "accept_levels_from": peer.accept_levels_from.name.lower(),
            "on_expiry": peer.on_expiry.value,
            "retention_days": peer.retention_days,
            "kinds": {part.value: treatment.value for part, treatment in peer.kinds.items()},
            "audiences": {audience.value: sharing(ruleset, peer, audience)[0].value for audience in Audience},
        }

    console.show_record(console.run(act))


@peer_command.command(
    "look",
    **told(
        "Ask a host what it runs and who it says it is, and propose a line. Nothing is saved.",
        "Demander à un hôte ce qu'il fait tourner et qui il dit être, et proposer une ligne. Rien n'est enregistré.",
        "confrere peer look chu-b.example",
    ),
)
@click.argument("host")
@click.pass_obj
def look(console: Console, host: str) -> None:
    if not HOST.fullmatch(host):
        raise Refused(say(f"not a host name: {host}", f"pas un nom d'hôte : {host}"))

    async def act(ctx: Context) -> dict[str, Any]:
        try:
            return await _look(ctx, host)
        except (FetchError, ProtocolError) as error:
            raise Refused(say(f"{host}: {error}", f"{host} : {error}")) from error

    found = console.run(act)
    if console.as_json:
        console.show_record(found)
        return
    console.show_record({name: value for name, value in found.items() if name != "proposal"})
    click.echo(f"\n{found['proposal']}")


async def _look(ctx: Context, host: str) -> dict[str, Any]:
    base = f"{ctx.origin.scheme}://{host}"
    links = parse_nodeinfo_links(_body(await _get_json(ctx, f"{base}/.well-known/nodeinfo")), host)
    software = parse_nodeinfo(_body(await _get_json(ctx, links.nodeinfo)))
    found: dict[str, Any] = {"host": host, "software": f"{software.name} {software.version}".strip()}
    name = host
    if links.instance_actor:
        final_url, body = await ctx.client.fetch_activity(links.instance_actor, None)
        actor = parse_actor(parse_json(body))
        if actor.uri == final_url:
            name = actor.name or host
            found |= {"actor": actor.uri, "name": name, "group_only": GROUP_ONLY in actor.implements}
    quoted = name.replace("'", "'\\''")
    return found | {"proposal": f"confrere peer add {host} --organisation '{quoted}' --state proposed"}


async def _get_json(ctx: Context, url: str) -> Fetched:
    return await ctx.client.fetch_document(url, sign=None, accept=_JSON)


def _body(fetched: Fetched) -> dict[str, Any]:
    return parse_json(fetched.body)


def _change(console: Console, edit: Callable[[str], str], *, reason: str) -> int:
    """Put the edited ruleset in force; answers its version."""

    async def act(ctx: Context) -> int:
        current = await _current(ctx)
        try:
            return await put_in_force(ctx, edit(current.body), by=CONSOLE, reason=reason)
        except RulesetError as error:
            raise refuse_mistakes(error) from error

    return console.run(act)


async def _current(ctx: Context) -> RulesetVersion:
    return await ctx.db.read(current_text)


def _tell_change(console: Console, host: str, version: int) -> None:
    console.tell({"host": host, "version": version}, say(f"Ruleset version {version}.", f"Règles, version {version}."))


def _agreement(reference: str | None, starts: datetime | None, until: datetime | None) -> Agreement | None:
    if reference is None and starts is None and until is None:
        return None
    if not reference or starts is None or until is None:
        raise Refused(
            say(
                "an agreement needs --agreement, --from and --until",
                "une convention demande --agreement, --from et --until",
            )
        )
    return Agreement(reference, starts.date(), until.date())


def _agreement_text(peer: Peer) -> str | None:
    if peer.agreement is None:
        return None
    return f"{peer.agreement.reference} ({peer.agreement.starts} – {peer.agreement.until})"
