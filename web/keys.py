"""What every handler finds in the application: who we are federating as, and what people are told of this site."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from aiohttp import web

from federation.context import Context
from web.rates import Limiter, Rates
from web.texts import Terms, Text

# Clients read features out of this text. The first digits are the Mastodon whose API we speak; the form is the one
# that Soapbox, IceCubes and Mastodon.py all parse.
VERSION = "4.5.0 (compatible; Confrere 0.1.0)"


@dataclass(frozen=True, slots=True)
class Site:
    """The settings that concern people and their apps. The first of `languages` is for those who state no other."""

    title: str
    description: str = ""
    contact_email: str = ""
    languages: tuple[str, ...] = ("fr", "en")
    registrations: str = "closed"  # open, approval, closed
    confirm_email: bool = False
    rules: tuple[str, ...] = ()
    mail: bool = False  # whether any can be sent
    privacy_policy: Text | None = None
    terms: tuple[Terms, ...] = ()  # in the order of their days
    publish_blocks: bool = False  # whether everybody may know which peers are suspended
    development: bool = False
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    rates: Rates = field(default_factory=Rates)
    ffmpeg: str = "ffmpeg"  # its name or path

    @property
    def approval(self) -> bool:
        """Whether somebody has to let in who signs up."""
        return self.registrations == "approval"


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)
SITE: web.AppKey[Site] = web.AppKey("site", Site)
LIMITER: web.AppKey[Limiter] = web.AppKey("limiter", Limiter)
