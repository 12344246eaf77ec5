"""The child process that becomes ffmpeg: gives up most of its time, memory and disk, then runs the program it is told.

Run by its path (`python -I web/confined.py PROGRAM ARGUMENTS`), so it may import nothing of ours: `web.recordings`
starts it, in the folder of one upload and without an environment.
"""

import os
import resource
import sys

MEMORY = 3 << 30
SECONDS = 900
OUTPUT = 64 << 20
FILES = 32


def give_up_rights() -> None:
    """What stays is enough for one upload of any kind that we take."""
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    give_up_rights()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # the program that the settings name
