"""Images written anew: what stays of them, what never does, and what their decoder may reach."""

import os
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageSequence, PngImagePlugin

from web import decoder, images
from web.decoder import RefusedError, convert
from web.images import BROKEN, MIME_TYPES, Decoded, Decoder, Picture, Refused, Shape

ROOT = Path(__file__).parents[2]
SECRET = b"SECRET-d41d8cd9"
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
TIFF, GPS = 0x8769, 0x8825


def encode(image: Image.Image, format_: str, **how: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format_, **how)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def halves(width: int = 80, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def is_red(pixel: Any) -> bool:
    return bool(pixel[0] > 200 and pixel[2] < 60)


def told(format_: str) -> bytes:
    """An image whose every place for words and places has some."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # ImageDescription
    exif[0x0112] = 1
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (48.0, 51.0, 24.0)
    exif.get_ifd(TIFF)[0x9286] = SECRET  # UserComment
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    how: dict[str, dict[str, Any]] = {
        "JPEG": {"exif": exif, "comment": SECRET, "icc_profile": profile, "xmp": SECRET},
        "PNG": {"exif": exif, "pnginfo": text, "icc_profile": profile},
        "GIF": {"comment": SECRET},
        "WEBP": {"exif": exif, "xmp": SECRET, "icc_profile": profile},
    }
    return encode(halves(), format_, **how[format_]) + SECRET


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_but_pixels_stays(format_: str, shape: Shape) -> None:
    given = told(format_)
    assert given.count(SECRET) >= 2
    for written in convert(given, shape)[:2]:
        for trace in (SECRET, b"Exif", b"eXIf", b"EXIF", b"ICC", b"iCCP", b"acsp", b"XMP", b"tEXt", b"iTXt", b"http"):
            assert trace not in written.data
        assert not opened(written.data).getexif()
        assert is_red(opened(written.data).convert("RGB").getpixel((1, written.height // 2)))


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
def test_nothing_but_pixels_stays_in_animations(format_: str) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    how: dict[str, Any] = {"comment": SECRET} if format_ == "GIF" else {"xmp": SECRET}
    given = encode(frames[0], format_, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0, **how)
    assert SECRET in given
    whole, preview, _ = convert(given, Shape.ATTACHMENT)
    assert SECRET not in whole.data
    kept = Image.open(BytesIO(whole.data))
    shown = [(frame.convert("RGB").getpixel((5, 5)), frame.info["duration"]) for frame in ImageSequence.Iterator(kept)]
    assert [duration for _, duration in shown] == [100, 200, 300]
    assert is_red(shown[0][0])
    assert not is_red(shown[2][0])
    assert kept.info["loop"] == 0
    assert getattr(opened(preview.data), "n_frames", 1) == 1
    assert getattr(opened(convert(given, Shape.AVATAR)[0].data), "n_frames", 1) == 1


@pytest.mark.parametrize(("format_", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("GIF", "png"), ("WEBP", "webp")])
def test_written_as_it_came(format_: str, extension: str) -> None:
    """A still GIF becomes a PNG, which is smaller and loses nothing."""
    whole, preview, hash_ = convert(encode(halves(), format_), Shape.ATTACHMENT)
    assert (whole.extension, whole.width, whole.height) == (extension, 80, 40)
    assert MIME_TYPES[whole.extension] == Image.MIME[opened(whole.data).format or ""]
    assert (preview.extension, preview.width) == ("jpg", 80)
    assert len(hash_) == 28


@pytest.mark.parametrize(
    ("orientation", "size", "red"), [(3, (80, 40), (79, 20)), (6, (40, 80), (20, 0)), (8, (40, 80), (20, 79))]
)
def test_orientation_is_applied(orientation: int, size: tuple[int, int], red: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    whole, _, _ = convert(encode(halves(), "JPEG", exif=exif, quality=95), Shape.ATTACHMENT)
    assert (whole.width, whole.height) == size
    assert is_red(opened(whole.data).getpixel(red))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (Shape.AVATAR, (400, 400)),
        (Shape.HEADER, (1500, 500)),
        (Shape.EMOJI, (128, 64)),
        (Shape.ATTACHMENT, (1000, 500)),
    ],
)
def test_shapes(shape: Shape, size: tuple[int, int]) -> None:
    whole, preview, _ = convert(encode(halves(1000, 500), "PNG"), shape)
    assert (whole.width, whole.height) == size
    assert max(preview.width, preview.height) <= 640
    assert whole.extension == ("png" if shape is Shape.ATTACHMENT else "webp")


def test_large_images_are_kept_smaller() -> None:
    whole, preview, _ = convert(encode(Image.new("RGB", (5000, 2500)), "JPEG"), Shape.ATTACHMENT)
    assert decoder.KEPT_PIXELS * 0.99 < whole.width * whole.height <= decoder.KEPT_PIXELS
    assert whole.width == pytest.approx(2 * whole.height, abs=2)
    assert (preview.width, preview.height) == (640, 320)


def test_what_shows_through_goes_on_doing_so() -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    for format_ in ("PNG", "WEBP", "GIF"):
        whole, preview, _ = convert(encode(image, format_), Shape.ATTACHMENT)
        assert preview.extension == "png"
        for written in (whole, preview):
            assert opened(written.data).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_sixteen_bits_of_grey_are_scaled_not_clipped() -> None:
    image = Image.new("I;16", (10, 10), 0x8000)
    whole, _, _ = convert(encode(image, "PNG"), Shape.ATTACHMENT)
    assert opened(whole.data).convert("L").getpixel((5, 5)) == pytest.approx(128, abs=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    format_ = "JPEG" if mode == "CMYK" else "PNG"
    whole, preview, _ = convert(encode(Image.new(mode, (10, 10)), format_), Shape.ATTACHMENT)
    assert opened(whole.data).mode in {"RGB", "RGBA"}
    assert opened(preview.data).mode in {"RGB", "RGBA"}


def test_colours_are_kept_without_their_profile() -> None:
    """A profile that calls red what everybody calls blue: what is seen is what is written."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ", 128), profile.index(b"bXYZ", 128)
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    given = encode(Image.new("RGB", (10, 10), (250, 0, 0)), "PNG", icc_profile=bytes(profile))
    pixel = opened(convert(given, Shape.ATTACHMENT)[0].data).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[2] > 200
    assert pixel[0] < 60


def test_a_broken_profile_is_as_good_as_none() -> None:
    given = encode(Image.new("RGB", (10, 10), (250, 0, 0)), "PNG", icc_profile=b"nonsense" * 40)
    assert opened(convert(given, Shape.ATTACHMENT)[0].data).getpixel((5, 5)) == (250, 0, 0)


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that says how large it is, and nothing after."""
    head = b"IHDR" + pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(chunk) - 4) + chunk + pack(">I", zlib.crc32(chunk)) for chunk in (head, data, b"IEND")
    )


def frames_of(width: int, height: int, count: int) -> bytes:
    first = Image.new("P", (width, height))
    others = [Image.new("P", (width, height), n % 2 + 1) for n in range(count - 1)]
    return encode(first, "GIF", save_all=True, append_images=others)


DICOM = encode(halves(), "PNG").ljust(128, b"\0")[:128] + b"DICM" + b"\x10\x00\x10\x00PN\x08\x00Doe^Jane"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (b"", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "type"),
        (b"<?xml version='1.0'?><!DOCTYPE svg><svg/>", "type"),
        (b"<!doctype html><script>alert(1)</script>", "type"),
        (b"\0" * 128 + b"DICM" + b"\x02\x00", "type"),
        (DICOM, "type"),
        (b"%PDF-1.7\n", "type"),
        (encode(Image.new("RGB", (10, 10)), "TIFF"), "type"),
        (encode(Image.new("RGB", (10, 10)), "BMP"), "type"),
        (encode(Image.new("RGB", (32, 32)), "ICO"), "type"),
        (encode(halves(400, 400), "PNG")[:-200], "broken"),
        (encode(halves(400, 400), "JPEG")[:-1500], "broken"),
        (png_of(7681, 4320), "7681x4320"),
        (png_of(2_000_000, 2_000_000), "2000000x2000000"),
        (png_of(100, 100), "broken"),
        (frames_of(4000, 4000, 3), "4000x4000"),
    ],
    ids=[
        "nothing",
        "svg",
        "svg with a prologue",
        "html",
        "dicom",
        "dicom that begins as a png",
        "pdf",
        "tiff",
        "bmp",
        "ico",
        "half a png",
        "half a jpeg",
        "a little too large",
        "a bomb",
        "no pixels",
        "a long animation",
    ],
)
def test_what_is_no_image_of_ours_is_refused(given: bytes, reason: str) -> None:
    """The size counts before a pixel is decoded: these PNGs have none."""
    with pytest.raises(RefusedError, match=f"^{reason}$"):
        convert(given, Shape.ATTACHMENT)


@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow thinks of broken EXIF goes to nobody
@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(FORMATS), st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=4)), max_size=6)
)
def test_bytes_are_an_image_or_refused(format_: str, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(told(format_))
    for place, change in changes:
        data[place : place + len(change)] = change
    try:
        whole, preview, _ = convert(bytes(data), Shape.ATTACHMENT)
    except RefusedError as refused:
        assert str(refused)  # noqa: PT017  # either way is right
    else:
        assert opened(whole.data).size == (whole.width, whole.height)
        assert opened(preview.data).size == (preview.width, preview.height)


async def test_the_child_answers_as_convert_does() -> None:
    given = told("JPEG")
    whole, preview, hash_ = convert(given, Shape.ATTACHMENT)
    expected = [Picture(one.data, one.extension, one.width, one.height) for one in (whole, preview)]
    assert await Decoder().decode(given, Shape.ATTACHMENT) == Decoded(expected[0], expected[1], hash_)
    assert await Decoder().decode(b"<svg/>", Shape.ATTACHMENT) == Refused("type")
    assert await Decoder().decode(png_of(9000, 9000), Shape.ATTACHMENT) == Refused("9000x9000")


@pytest.mark.parametrize("shape", Shape)
async def test_a_limited_child_can_still_write_every_format(shape: Shape) -> None:
    """Whatever Pillow imports or opens late would fail there."""
    for format_ in FORMATS:
        assert isinstance(await Decoder().decode(told(format_), shape), Decoded)
    assert isinstance(await Decoder().decode(frames_of(20, 20, 3), shape), Decoded)
    assert isinstance(await Decoder().decode(encode(Image.new("CMYK", (9, 9)), "JPEG"), shape), Decoded)


async def test_the_largest_image_fits_into_the_childs_memory() -> None:
    image = Image.new("RGBA", (7680, 4320), (200, 0, 0, 128))
    decoded = await Decoder().decode(encode(image, "PNG", compress_level=1), Shape.ATTACHMENT)
    assert isinstance(decoded, Decoded)
    assert decoded.whole.width == 3840


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ("open('/etc/hostname')", "OSError"),
        ("open('/tmp/confrere-leak', 'w')", "OSError"),
        ("__import__('socket').socket()", "OSError"),
        ("__import__('os').fork()", "OSError"),
        ("bytearray(2 << 30)", "MemoryError"),
        ("__import__('resource').setrlimit(__import__('resource').RLIMIT_CPU, (10**6, 10**6))", "ValueError"),
    ],
)
def test_the_child_can_reach_nothing(attempt: str, error: str) -> None:
    if os.getuid() == 0 and ("fork" in attempt or "setrlimit" in attempt):
        return
    """Even code that an image smuggled in. Two limits do not bind root."""
    code = (
        "import socket, os, resource, web.decoder\n"
        "web.decoder.give_up_rights()\n"
        "try: eval(ATTEMPT)\nexcept Exception as error: print(*(kind.__name__ for kind in type(error).__mro__))\n"
    ).replace("ATTEMPT", repr(attempt))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert error in done.stdout.split()


@pytest.mark.parametrize(
    "lie",
    [
        "",
        "print('{')",
        "print('[]')",
        'print(\'{"blurhash": "", "files": []}\')',
        "answer(extension='html')",
        "answer(extension='svg')",
        "answer(width=0)",
        "answer(width=10**9)",
        "answer(width='1')",
        "answer(size=-1)",
        "answer(size=10**12)",
        "answer(size=4)",
        "answer(size=1001); print('x' * 1996, end='')",
        "print('{', end='a' * 10**6)",
        "while True: sys.stdout.write('a' * 65536)",
        "import time; sys.stdout.close(); time.sleep(600)",
        "sys.stdin.read(); import time; time.sleep(600)",
    ],
)
async def test_a_child_that_was_taken_over_is_not_believed(
    lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "decoder.py"
    script.write_text(
        "import json, sys\n"
        "def answer(**lie):\n"
        "    file = {'extension': 'png', 'width': 1, 'height': 1, 'size': 3, **lie}\n"
        "    print(json.dumps({'blurhash': 'x', 'files': [file, file]}))\n"
        "    print('abcabc', end='')\n" + lie
    )
    monkeypatch.setattr(images, "_DECODER", script)
    monkeypatch.setattr(images, "_LARGEST_ANSWER", 1000)
    assert await Decoder(seconds=1).decode(b"x" * (1 << 20), Shape.ATTACHMENT) == BROKEN


async def test_a_child_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "decoder.py"
    script.write_text(
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    monkeypatch.setattr(images, "_DECODER", script)
    assert await Decoder(seconds=1).decode(b"x", Shape.ATTACHMENT) == BROKEN
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
