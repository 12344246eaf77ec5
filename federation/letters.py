"""What people are mailed about their accounts, in their language. Never what was said by anybody.

Must not know when it is written.
"""

from dataclasses import dataclass

from federation.act import Act
from federation.context import Origin
from storage import mails


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text."""

    subject: str
    body: str


async def write(act: Act, recipient: str, letter: Letter) -> None:
    """Queue a letter with the act that it tells of. Where no mail can be sent, none is kept."""
    if act.ctx.mail:
        await mails.insert_mail(act.tx, recipient=recipient, subject=letter.subject, body=letter.body, now=act.now)


def confirm_address(origin: Origin, username: str, link: str, locale: str) -> Letter:
    """Whose address it is shows by who can open the link."""
    if locale == "fr":
        return Letter(
            f"Confirmez votre adresse pour {origin.handle_domain}",
            f"Bonjour,\n\nquelqu'un, sans doute vous, a demandé le compte @{username} sur {origin.handle_domain} avec "
            f"cette adresse.\n\nPour confirmer qu'elle est à vous, ouvrez ce lien dans les deux jours :\n\n{link}\n\n"
            "Si ce n'était pas vous, ne faites rien : la demande sera oubliée.\n",
        )
    return Letter(
        f"Confirm your address for {origin.handle_domain}",
        f"Hello,\n\nsomebody, probably you, asked for the account @{username} on {origin.handle_domain} with this "
        f"address.\n\nTo confirm that it is yours, open this link within two days:\n\n{link}\n\n"
        "If it was not you, do nothing: the request will be forgotten.\n",
    )


def let_in(origin: Origin, username: str, locale: str) -> Letter:
    """Somebody may sign in from now on."""
    address = f"{origin.base}/auth/sign_in"
    if locale == "fr":
        return Letter(
            f"Votre compte sur {origin.handle_domain} est ouvert",
            f"Bonjour,\n\nvotre demande a été acceptée : le compte @{username} est ouvert.\n\n"
            f"Connectez-vous ici, ou dans votre application :\n\n{address}\n",
        )
    return Letter(
        f"Your account on {origin.handle_domain} is open",
        f"Hello,\n\nyour request was accepted: the account @{username} is open.\n\n"
        f"Sign in here, or in your app:\n\n{address}\n",
    )


def somebody_waits(origin: Origin, username: str, locale: str) -> Letter:
    """For who lets people in. Neither their address nor their reason is mailed."""
    if locale == "fr":
        return Letter(
            f"@{username} demande un compte sur {origin.handle_domain}",
            f"Bonjour,\n\n@{username} demande un compte sur {origin.handle_domain} et attend votre décision.\n\n"
            f"confrere member list --pending\nconfrere member approve {username}\nconfrere member reject {username}\n",
        )
    return Letter(
        f"@{username} asks for an account on {origin.handle_domain}",
        f"Hello,\n\n@{username} asks for an account on {origin.handle_domain} and waits for your decision.\n\n"
        f"confrere member list --pending\nconfrere member approve {username}\nconfrere member reject {username}\n",
    )
