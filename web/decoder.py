"""The child process that decodes what strangers send: bytes in, an image written anew out, nothing else reachable.

Run by its path (`python -I web/decoder.py SHAPE`), so it may import nothing of ours: `web.images` starts it and reads
its answer. It takes an image on standard input and answers one line of JSON, then the image and its preview. Before
the first byte is read it gives up its right to open files or sockets, and most of its time and memory.
"""

import json
import os
import resource
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import NoReturn

import blurhash
from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    ImageSequence,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

MEMORY = 1 << 30
SECONDS = 20
INPUT = 16 << 20
# Mastodon 4.5 takes 7680 × 4320 and keeps 3840 × 2160. All frames of an animation together count here.
MOST_PIXELS = 7680 * 4320
KEPT_PIXELS = 3840 * 2160
PREVIEW = (640, 640)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}
FITTED = {"avatar": (400, 400), "header": (1500, 500)}
CONTAINED = {"emoji": (128, 128), "card": (1200, 1200)}
# Pillow would import these when it first needs them, which would open files.
PLUGINS = (GifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin)


# Pillow's own guard would call a bomb broken; `open_image` says how large it is.
Image.MAX_IMAGE_PIXELS = None


class RefusedError(Exception):
    """Not an image that we take: `type`, `broken`, or `WIDTHxHEIGHT` of one that is too large."""


@dataclass(frozen=True, slots=True)
class Written:
    """An encoded image."""

    data: bytes
    extension: str
    width: int
    height: int


def main() -> NoReturn:
    Image.preinit()
    give_up_rights()
    try:
        whole, preview, hash_ = convert(sys.stdin.buffer.read(INPUT + 1), sys.argv[1])
    except RefusedError as refusal:
        answer = [json.dumps({"refused": str(refusal)}).encode() + b"\n"]
    else:
        shown = [
            {"extension": one.extension, "width": one.width, "height": one.height, "size": len(one.data)}
            for one in (whole, preview)
        ]
        answer = [json.dumps({"blurhash": hash_, "files": shown}).encode() + b"\n", whole.data, preview.data]
    sys.stdout.buffer.write(b"".join(answer))
    sys.stdout.buffer.flush()
    os._exit(0)


def give_up_rights() -> None:
    """The three pipes stay; decoding needs nothing else."""
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def convert(data: bytes, shape: str) -> tuple[Written, Written, str]:
    """The image written anew in this shape, its preview and its blurhash. Raises RefusedError."""
    image = open_image(data)
    try:
        if shape == "attachment" and image.format in {"GIF", "WEBP"} and getattr(image, "is_animated", False):
            whole, still = write_animation(image)
        else:
            still = upright(image, shape)
            whole = write_still(still, "WEBP" if shape != "attachment" else image.format or "")
    except Exception as error:  # a broken file makes Pillow's plugins raise whatever there is
        raise RefusedError("broken") from error
    still.thumbnail(PREVIEW)
    return whole, write_still(still, "PNG" if still.mode == "RGBA" else "JPEG"), make_blurhash(still)


def open_image(data: bytes) -> Image.Image:
    """Told by its content, and measured before a pixel is decoded."""
    if data[128:132] == b"DICM":  # DICOM's preamble may be the head of an image (PS3.10 §7.1); the rest names a patient
        raise RefusedError("type")
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
        frames = getattr(image, "n_frames", 1) if image.format in {"GIF", "WEBP"} else 1
    except UnidentifiedImageError as error:
        raise RefusedError("type") from error
    except Exception as error:  # likewise
        raise RefusedError("broken") from error
    if image.width * image.height * frames > MOST_PIXELS:
        raise RefusedError(f"{image.width}x{image.height}")
    return image


def upright(image: Image.Image, shape: str) -> Image.Image:
    """Pixels alone: turned as the camera was held, in sRGB, within bounds; all that was said about them is dropped."""
    image.draft(None, kept_size(image))  # a JPEG is decoded no larger than it will be kept
    profile = image.info.get("icc_profile")
    turned = plain(ImageOps.exif_transpose(image))
    if profile:
        turned = to_srgb(turned, profile)
    if shape in FITTED:
        turned = ImageOps.fit(turned, FITTED[shape])
    else:
        turned.thumbnail(CONTAINED.get(shape) or kept_size(turned))
    turned.info = {}
    return turned


def kept_size(image: Image.Image) -> tuple[int, int]:
    """The largest size of the same proportions that is kept."""
    scale = min(1.0, (KEPT_PIXELS / (image.width * image.height)) ** 0.5)
    return max(1, int(image.width * scale)), max(1, int(image.height * scale))


def plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where something shows through."""
    if image.mode.startswith("I"):  # 16 bits of grey, as radiology exports it; a plain conversion would clip it
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the profile means them: nobody else will see the profile. A broken one is as good as none."""
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB")) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def write_still(image: Image.Image, format_: str) -> Written:
    written = "JPEG" if format_ == "MPO" else "PNG" if format_ == "GIF" else format_
    settings = {"JPEG": {"quality": 88, "progressive": True}, "WEBP": {"quality": 88}}.get(written, {})
    buffer = BytesIO()
    (image.convert("RGB") if written == "JPEG" else image).save(buffer, written, **settings)
    return Written(buffer.getvalue(), EXTENSIONS[written], image.width, image.height)


def write_animation(image: Image.Image) -> tuple[Written, Image.Image]:
    """All frames anew with how long each is shown, and the first of them."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(upright(frame, "attachment"))
        durations.append(frame.info.get("duration", 100))
    loop = {"loop": image.info["loop"]} if "loop" in image.info else {}
    buffer = BytesIO()
    frames[0].save(buffer, image.format, save_all=True, append_images=frames[1:], duration=durations, **loop)
    extension = EXTENSIONS[image.format or ""]
    return Written(buffer.getvalue(), extension, frames[0].width, frames[0].height), frames[0].copy()


def make_blurhash(image: Image.Image) -> str:
    """Four by three waves of a picture of a few pixels, which is all that the waves can tell apart."""
    tiny = image.convert("RGB").resize((32, 32))
    row = [tiny.getpixel((x, y)) for y in range(32) for x in range(32)]
    return str(blurhash.encode([row[start : start + 32] for start in range(0, 1024, 32)], 4, 3))


if __name__ == "__main__":
    main()
