"""No word that is not public goes to a service of others."""

import pytest

from policies.decision import Allow, Deny, Reason
from policies.terms import Audience
from policies.translation import may_translate


@pytest.mark.parametrize("audience", Audience)
def test_only_public_words_go_to_strangers(audience: Audience) -> None:
    decision = may_translate(audience, local=False)
    if audience in {Audience.PUBLIC, Audience.UNLISTED}:
        assert decision == Allow("translation:public")
    else:
        assert decision == Deny("translation:audience", Reason.PUBLIC_ONLY)


@pytest.mark.parametrize("audience", Audience)
def test_the_institutions_own_service_may_read_what_its_members_may(audience: Audience) -> None:
    assert isinstance(may_translate(audience, local=True), Allow)
