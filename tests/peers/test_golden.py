"""What we send is what the golden files say, on both engines; and no file is left over."""

import os
from pathlib import Path

import orjson

from storage.media_store import MediaStore
from tests.federation.home import Home
from tests.federation.peer import Peer
from tests.peers.sent import record

GOLDEN = Path(__file__).parent / "golden"


async def test_we_send_what_the_golden_files_say(home: Home, peer: Peer, files: MediaStore) -> None:
    made = await record(home, peer, files)
    if os.environ.get("CONFRERE_WRITE_GOLDEN"):
        for name, document in made.documents.items():
            (GOLDEN / f"{name}.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    kept = {path.stem: orjson.loads(path.read_bytes()) for path in GOLDEN.glob("*.json")}
    assert set(kept) == set(made.documents)
    for name, document in made.documents.items():
        assert document == kept[name], name
