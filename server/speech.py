"""The language the console speaks: French or English, as the environment asks. Knows no command."""

import os


def say(english: str, french: str) -> str:
    """One sentence in the language of LC_ALL, LC_MESSAGES or LANG, the first that is set; else in English."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return french if asked.lower().startswith("fr") else english
