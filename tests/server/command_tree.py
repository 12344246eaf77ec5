"""Which commands there are, for the tests that hold every one of them to something."""

from collections.abc import Iterator

import click


def list_commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command below this one, as its words: ("member", "add")."""
    if not isinstance(command, click.Group):
        yield words
        return
    ctx = click.Context(command)
    for name in command.list_commands(ctx):
        if below := command.get_command(ctx, name):
            yield from list_commands(below, (*words, name))
