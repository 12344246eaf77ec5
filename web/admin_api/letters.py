"""What a member is written about an act on their account, in their language. Pure."""

from federation.outbox.sanctions import Letter, Sanction

_SAID = {
    Sanction.NONE: ("A warning about your account", "Un avertissement concernant votre compte"),
    Sanction.SENSITIVE: (
        "Your pictures are now hidden until somebody asks to see them",
        "Vos images sont désormais masquées jusqu'à ce que l'on demande à les voir",
    ),
    Sanction.DISABLE: ("Your account is closed", "Votre compte est fermé"),
    Sanction.SILENCE: (
        "Your posts are now shown only to those who follow you",
        "Vos messages ne sont désormais montrés qu'à ceux qui vous suivent",
    ),
    Sanction.SUSPEND: ("Your account is suspended", "Votre compte est suspendu"),
}


def compose_letter(sanction: Sanction, text: str, locale: str, title: str) -> Letter:
    """`text`: what the moderator adds; `title`: of the instance."""
    french = locale == "fr"
    said = _SAID[sanction][int(french)]
    opening = f"{title} : {said}." if french else f"{title}: {said}."
    return Letter(said, f"{opening}\n\n{text}" if text.strip() else opening)
