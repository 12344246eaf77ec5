"""`confrere demo`."""

import click

from server.cli.console import Command, Console, told


@click.command(
    "demo",
    cls=Command,
    **told(
        "Three institutions on this machine, one group, one case: who sees what, and why not.",
        "Trois établissements sur cette machine, un groupe, un cas : qui voit quoi, et pourquoi pas.",
        "confrere demo",
    ),
)
@click.pass_obj
@click.pass_context
def demo_command(ctx: click.Context, _console: Console) -> None:
    from server.demo import main  # noqa: PLC0415  # `confrere --help` reads every file of commands, and this one is large

    ctx.exit(main())
