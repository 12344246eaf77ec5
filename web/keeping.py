"""Decoded pictures as files in the store, and what their rows say of them. Must not know whose they are."""

from typing import Any

from storage.media_store import MediaStore
from web.images import MIME_TYPES, Decoded


async def keep_image(store: MediaStore, decoded: Decoded) -> dict[str, Any]:
    """Store both files of an image; answers what its row says of them."""
    whole = decoded.whole
    return {
        "mime": MIME_TYPES[whole.extension],
        "file": await store.put(whole.data, whole.extension),
        "width": whole.width,
        "height": whole.height,
        **await keep_preview(store, decoded),
    }


async def keep_preview(store: MediaStore, decoded: Decoded) -> dict[str, Any]:
    """Store the small file alone, as the poster of a film or the cover of a sound."""
    preview = decoded.preview
    return {
        "preview": await store.put(preview.data, preview.extension),
        "preview_width": preview.width,
        "preview_height": preview.height,
        "blurhash": decoded.blurhash,
    }
