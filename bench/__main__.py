"""`python -m bench [NAME ...]`: run measures, print their table. Ends by itself; starts and ends its own processes only."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from os import getloadavg

import orjson
import uvloop

from bench import (
    ceilings,
    crash,
    discovery,
    fanout,
    footprint,
    group_pages,
    inbound,
    policies,
    posting,
    streaming,
    timelines,
)
from bench.figures import HEADING, Figure, Plan, Report, as_document, circumstances, row
from bench.instance import available_engines

MOST_SECONDS = 1_800

MEASURES: dict[str, Callable[[Plan, Report], Awaitable[None]]] = {
    "ceilings": ceilings.measure,
    "inbound": inbound.measure,
    "fanout": fanout.measure,
    "timelines": timelines.measure,
    "group_pages": group_pages.measure,
    "posting": posting.measure,
    "discovery": discovery.measure,
    "streaming": streaming.measure,
    "footprint": footprint.measure,
    "policies": policies.measure,
    "crash": crash.measure,
}


def main() -> None:
    given = _arguments().parse_args()
    uvloop.run(_run(given.names or list(MEASURES), given.scale, as_json=given.json))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure a real instance on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *MEASURES], help=", ".join(MEASURES))
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1: smaller and shorter, to try the harness")
    parser.add_argument("--json", action="store_true", help="everything as one JSON document on standard output")
    return parser


async def _run(names: list[str], scale: float, *, as_json: bool) -> None:
    where, plan = circumstances(), Plan(scale, await available_engines())
    said = sys.stderr if as_json else sys.stdout
    found: list[Figure] = []

    def report(figure: Figure) -> None:
        found.append(figure)
        print(row(figure), file=said, flush=True)

    print(f"{where.date}, commit {where.commit}, {where.machine}, load {where.load_before}\n\n{HEADING}", file=said)
    for name in names:
        async with asyncio.timeout(MOST_SECONDS):
            await MEASURES[name](plan, report)
    load_after = round(getloadavg()[0], 2)
    print(f"\nload average at the end: {load_after}", file=said)
    if as_json:
        print(orjson.dumps(as_document(found, where, load_after), option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
