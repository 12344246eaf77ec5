"""Which names nobody may take who signs up by themselves: those of offices, of machines, and look-alikes.

A group is addressed by its name as a person is: who could be called `cardi0logie` would read what is meant for the
group. Must not know who has which name.
"""

import re

_ALIKE = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("5", "s"))

_OFFICES = """
    admin administrator administrateur administratrice administration auditor auditeur direction directeur directrice
    moderator moderateur moderatrice moderation owner staff equipe team official officiel verifier verification verified
    support help helpdesk aide assistance contact info security securite privacy dpo rgpd gdpr legal abuse
    hospital hopital clinic clinique secretariat accueil urgences emergency
"""
_MACHINES = """
    root system systeme instance server serveur actor relay bot noreply no_reply mailer_daemon postmaster hostmaster
    webmaster www mail smtp ftp api oauth auth login signup register inscription connexion settings about search
    null undefined nobody none anonymous anonyme deleted unknown confrere mastodon activitypub fediverse
"""
_CROWDS = """
    all everyone everybody here tous toutes toutlemonde public members membres member membre group groups groupe groupes
    channel channels canal canaux followers following local home notifications
"""


def skeleton(name: str) -> str:
    """What names have in common that an eye takes for each other (after UTS #39 §4, for the letters that we allow)."""
    bare = re.sub("_", "", name.lower())
    for one, other in _ALIKE:
        bare = bare.replace(one, other)
    return bare


_RESERVED = frozenset(skeleton(name) for name in (_OFFICES + _MACHINES + _CROWDS).split())


def is_reserved(name: str) -> bool:
    """Whether only an administrator may give this name out."""
    return not _RESERVED.isdisjoint({skeleton(name), skeleton(name.replace("1", "i"))})
