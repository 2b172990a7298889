"""Charts as PNG, for mail readers, which show no SVG."""

import io
from collections.abc import Sequence

import vl_convert
from PIL import Image

from digest.charts import stance_chart
from digest.model import Series

SCALE = 2  # dots a pixel, for screens of high density


def stance_png(weeks: Sequence[str], weekly: Sequence[Series], *, title: str, height: int) -> bytes:
    """The chart of a digest as PNG on white, 1,120 dots or so wide. A palette keeps it at a few kilobytes."""
    svg = stance_chart(weeks, weekly, title=title, height=height)
    drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(svg, scale=SCALE))).convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    flat = (
        Image.alpha_composite(white, drawn).convert("RGB").quantize(32, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    )
    out = io.BytesIO()
    flat.save(out, "PNG", optimize=True)
    return out.getvalue()
