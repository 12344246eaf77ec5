"""toot, started once: each line of standard input is a command line, run by a child of its own.

Starting Python and toot takes longer than most commands. A line is JSON: the arguments and where the output goes; the
answer is the exit code.
"""

import json
import os
import sys

from toot.cli import cli


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if not child:
            _become(command["args"], command["output"])
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _become(args: list[str], output: str) -> None:
    """What the shell and toot's own entry do. Never returns: toot ends the process."""
    for descriptor in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    cli.main(args=args, prog_name="toot")


if __name__ == "__main__":
    main()
