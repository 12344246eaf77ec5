"""`confrere emoji`: pictures with a short name, which members put into posts and names."""

from pathlib import Path

import click

from federation.context import Context
from federation.outbox import emojis as acts
from federation.outbox.emojis import ShortcodeError
from server.cli.console import CONSOLE, Console, Group, Refused, moment, told
from server.speech import say
from storage.custom_emojis import list_emojis
from storage.media_store import open_store
from web.images import Decoder, Shape
from web.images import Refused as NoImage

LARGEST = 1 << 20


@click.group(
    "emoji",
    cls=Group,
    **told("Emoji of this instance.", "Émojis de cette instance.", "confrere emoji list"),
)
def emoji_command() -> None:
    pass


@emoji_command.command(
    "add",
    **told(
        "Add an emoji, or give one another picture: a PNG, GIF, WebP or JPEG, of which the first frame is kept.",
        "Ajouter un émoji, ou changer son image : PNG, GIF, WebP ou JPEG, dont la première image est gardée.",
        "confrere emoji add stethoscope stethoscope.png --category 'Médecine'",
    ),
)
@click.argument("shortcode")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", default="", metavar="C", help=say("Where apps list it.", "Où les applications le rangent."))
@click.pass_obj
def add(console: Console, shortcode: str, file: Path, category: str) -> None:
    _check(shortcode)
    store = open_store(console.config().media)

    data = file.read_bytes()

    async def act(ctx: Context) -> None:
        picture = await _decode(data)
        await acts.add_emoji(ctx, shortcode, await store.put(picture, "webp"), category=category, by=CONSOLE)

    console.run(act)
    console.tell({"shortcode": shortcode, "category": category}, say(f"Added :{shortcode}:.", f":{shortcode}: ajouté."))


def _check(shortcode: str) -> None:
    try:
        acts.check_shortcode(shortcode)
    except ShortcodeError as error:
        if error.claims:
            raise Refused(
                say(
                    f":{shortcode}: looks like the badge of verified clinicians, which only verification gives",
                    f":{shortcode}: ressemble au badge des cliniciens vérifiés, que seule la vérification donne",
                )
            ) from error
        raise Refused(
            say(
                "a short name has 2 to 50 letters without accents, digits and _",
                "un nom court a 2 à 50 lettres sans accents, chiffres et _",
            )
        ) from error


async def _decode(data: bytes) -> bytes:
    """Written anew by the child process, as every picture that we serve."""
    decoded = await Decoder().decode(data, Shape.EMOJI) if len(data) <= LARGEST else NoImage("size")
    if isinstance(decoded, NoImage):
        wanted = say("an image of at most 1 MB is wanted", "il faut une image de 1 Mo au plus")
        raise Refused(f"{wanted} ({decoded.reason})")
    return decoded.whole.data


@emoji_command.command("list", **told("All emoji.", "Tous les émojis.", "confrere emoji list --json"))
@click.pass_obj
def list_(console: Console) -> None:
    found = console.run(lambda ctx: ctx.db.read(list_emojis))
    rows = [{"shortcode": one.shortcode, "category": one.category, "created": moment(one.created_at)} for one in found]
    console.show_rows(rows, say("No emoji yet.", "Pas encore d'émoji."))


@emoji_command.command(
    "remove",
    **told(
        "Remove an emoji. Posts that have it show its name instead.",
        "Retirer un émoji. Les messages qui l'ont montrent son nom.",
        "confrere emoji remove stethoscope",
    ),
)
@click.argument("shortcode")
@click.pass_obj
def remove(console: Console, shortcode: str) -> None:
    if not console.run(lambda ctx: acts.remove_emoji(ctx, shortcode, by=CONSOLE)):
        raise Refused(say(f"there is no :{shortcode}:", f"pas de :{shortcode}:"))
    console.tell({"shortcode": shortcode}, say(f"Removed :{shortcode}:.", f":{shortcode}: retiré."))
