"""An instance of ours and a peer, as the federation's own tests have them."""

from tests.federation.conftest import files, home, peer

__all__ = ["files", "home", "peer"]
