"""`confrere serve` and `confrere work`: the processes of an instance."""

import logging
from dataclasses import replace
from functools import partial

import click

from server.cli.console import Command, Console, Refused, told
from server.config import Bind
from server.context import NotReadyError
from server.logs import set_up_logs
from server.process import listen, run_server, run_worker
from server.speech import say
from server.workers import supervise

log = logging.getLogger("confrere.server")


@click.command(
    "serve",
    cls=Command,
    **told(
        "Serve people and other servers, and do the work of the queues, until SIGTERM or Ctrl-C.",
        "Servir les personnes et les autres serveurs, et traiter les files, jusqu'à SIGTERM ou Ctrl-C.",
        "confrere serve --bind 127.0.0.1:8000 --workers 2",
    ),
)
@click.option("--bind", metavar="ADDRESS:PORT", help=say("Where to listen.", "Où écouter."))
@click.option("--workers", type=int, metavar="N", help=say("How many processes.", "Combien de processus."))
@click.pass_obj
@click.pass_context
def serve_command(ctx: click.Context, console: Console, bind: str | None, workers: int | None) -> None:
    config = console.config(bind=bind, workers=workers)
    console.require_ready()
    try:
        listener = listen(config.bind)
    except NotReadyError as error:
        raise Refused(str(error)) from error
    set_up_logs()
    config = replace(config, bind=Bind(*listener.getsockname()[:2]))
    url = f"{config.scheme}://{config.host}"
    log.info("serving", extra={"fields": {"url": url, "listening": str(config.bind), "workers": config.workers}})
    run = partial(run_server, config, listener)
    ctx.exit(run() if config.workers == 1 else supervise(config.workers, listener, run))


@click.command(
    "work",
    cls=Command,
    **told(
        "Do the work of the queues without serving; on as many machines as you like, with PostgreSQL.",
        "Traiter les files sans servir ; sur autant de machines que voulu, avec PostgreSQL.",
        "confrere work",
    ),
)
@click.pass_obj
@click.pass_context
def work_command(ctx: click.Context, console: Console) -> None:
    config = console.config()
    console.require_ready()
    set_up_logs()
    log.info("working")
    ctx.exit(run_worker(config))
