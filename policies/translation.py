"""Whether the words of a post may go to the service that translates them. Must not know the service, nor the post."""

from policies.boundary import OPEN_AUDIENCES
from policies.decision import Allow, Deny, Reason
from policies.terms import Audience


def may_translate(audience: Audience, *, local: bool) -> Allow | Deny:
    """`local`: the admin says that the service is the institution's own, and keeps nothing. Any other is a stranger."""
    if local:
        return Allow("translation:local")
    if audience in OPEN_AUDIENCES:
        return Allow("translation:public")
    return Deny("translation:audience", Reason.PUBLIC_ONLY)
