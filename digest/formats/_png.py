"""Charts as PNG for mail readers, which show no SVG, in few bytes."""

import io
from collections.abc import Sequence

from PIL import Image

from digest.charts import stance_png
from digest.model import Series
from digest.words import Words

# The flat colours of a chart and the shades at the edges of its letters.
COLOURS = 8
WIDTH = 580  # points: as wide as the column of the mail


def small_png(words: Words, weeks: Sequence[str], weekly: Sequence[Series]) -> bytes:
    """The chart of a digest with a palette: a fifth of the bytes, and nothing to be seen of it."""
    drawn = Image.open(io.BytesIO(stance_png(words, weeks, weekly, width=WIDTH))).convert("RGB")
    flat = drawn.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    flat.save(out, "PNG", optimize=True)
    return out.getvalue()
