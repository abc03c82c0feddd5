"""Images: dimensions first (a few bytes may announce billions of pixels), then a full decoding."""

import warnings
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from evidence.child.answer import Answer, Refused
from evidence.core.limits import IMAGE_PIXELS

PILLOW = {"png": "PNG", "jpg": "JPEG"}


def open_image(file: BinaryIO, *, code: str) -> Image.Image:
    """The image with its pixels loaded; refused when malformed, truncated or too large."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # our own limit, told with its reason
    try:
        image = Image.open(file, formats=[PILLOW[code]])
        width, height = image.size
        if width * height > IMAGE_PIXELS:
            raise Refused("image_too_large", width=width, height=height, limit=IMAGE_PIXELS // 1_000_000)
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refused("image_malformed") from error
    return image


def check(file: BinaryIO, *, code: str) -> Answer:
    open_image(file, code=code)
    return Answer(facts={"pages": 1})
