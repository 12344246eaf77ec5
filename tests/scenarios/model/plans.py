"""What sequences are made of, and short ones that are played each time.

Most stand for a guard: `tests/mutants/model.py` takes it out and sees that its sequence fails. The others found something
once. Must not know what an act does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One act: by or about whom, about which thing, and what becomes of the messages that follow."""

    act: str
    who: str = "ben"
    nth: int = 0
    fault: str = ""


IDLE = Step("restore", "anna")
POST = Step("post", "anna")
HOUR = Step("pass_time", nth=0)
DAY = Step("pass_time", nth=1)

SHORT = (
    [Step("join", "bea"), DAY, DAY],  # members alone kept their badges
    [POST],
    [POST, Step("post", "anna", 3)],  # to people who are not in it
    [POST, Step("boost", "anna", 1)],
    [POST, Step("quote", "anna")],
    [Step("join", "ben"), POST, Step("cut_off", nth=1), DAY],
    [Step("join", "ben"), POST, Step("remove", "ben"), POST],
    [Step("join", "ben"), POST, Step("remove", "ben", fault="lose"), HOUR, POST],
    [Step("join", "pia"), POST, Step("remove", "pia"), POST],
    [Step("join", "pia"), POST, Step("leave", "pia", fault="lose"), POST],
    [Step("join", "luc"), Step("post", "anna", 4), Step("open_file", "luc"), Step("remove", "luc")],
    [Step("join", "ben"), Step("post", "anna", 4), Step("open_file", "ben"), Step("remove", "ben")],
    [Step("join", "ben"), POST, Step("close"), Step("post", "ben"), Step("close", nth=1), POST],
    [Step("join", "cleo"), POST, Step("suspend", nth=2), POST, Step("restore"), POST],
)
