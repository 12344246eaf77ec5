"""The command line: which command is in which file. A file is read only when its command is called: start-up counts."""

from importlib import import_module

import click

from server.cli.console import Group, told
from server.speech import say

# command -> file; the command's function or group bears its name, with _command where that would hide something
COMMANDS = {
    "init": "setup",
    "check": "setup",
    "migrate": "setup",
    "serve": "serve",
    "work": "serve",
    "doctor": "doctor",
    "member": "members",
    "token": "tokens",
    "group": "groups",
    "channel": "channels",
    "peer": "peer_lists",  # whose commands join those of peers.py
    "emoji": "emojis",
    "announcement": "announcements",
    "policy": "policy",
    "queue": "queues",
    "audit": "audit",
    "backup": "backup",
    "restore": "backup",
    "demo": "demo",
}


class _Root(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # part of click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"server.cli.{COMMANDS[cmd_name]}"), f"{cmd_name}_command")
        return command


@click.group(
    cls=_Root,
    **told(
        "Confrère, a federated network for clinicians: run and administer one instance.",
        "Confrère, réseau fédéré de soignants : faire tourner et administrer une instance.",
        "confrere init --host social.chu-a.example --organisation 'CHU A'",
    ),
)
@click.version_option(package_name="confrere", message="%(version)s", help=say("Show the version.", "La version."))
def main() -> None:
    pass
