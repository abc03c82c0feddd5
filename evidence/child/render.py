"""Pages as images: the browser never receives active content."""

import io
from typing import BinaryIO

import pypdfium2
from PIL import Image, ImageOps

from evidence.child.answer import Answer, Refused
from evidence.child.images import open_image
from evidence.core.formats import IMAGES
from evidence.core.limits import RENDER_PIXELS


def render(file: BinaryIO, *, code: str, page: int, width: int) -> Answer:
    """Page `page` (from 0) as PNG, `width` pixels wide unless its height forbids it."""
    if code in IMAGES:
        if page != 0:
            raise Refused("page_missing")
        image = ImageOps.exif_transpose(open_image(file, code=code))  # phones store photos lying on their side
        has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
        image.thumbnail((width, max(1, RENDER_PIXELS // width)))
    elif code == "pdf":
        image = _render_pdf(file, page=page, width=width)
    else:
        raise Refused("not_renderable")
    output = io.BytesIO()
    image.save(output, "PNG")
    return Answer(facts={"width": image.width, "height": image.height}, payload=output.getvalue())


def _render_pdf(file: BinaryIO, *, page: int, width: int) -> Image.Image:
    try:
        document = pypdfium2.PdfDocument(file)
        if not 0 <= page < len(document):
            raise Refused("page_missing")
        sheet = document[page]
        sheet_width, sheet_height = sheet.get_size()
        if sheet_width <= 0 or sheet_height <= 0:
            raise Refused("not_renderable")
        # A page a thousand times higher than wide would take all the memory at the width asked for.
        scale = min(width / sheet_width, (RENDER_PIXELS / (sheet_width * sheet_height)) ** 0.5)
        rendered: Image.Image = sheet.render(scale=scale).to_pil()
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise Refused("not_renderable") from error
    return rendered
