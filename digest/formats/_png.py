"""Charts as PNG for mail readers, which show no SVG, in few bytes."""

import io
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageColor

from digest.charts import AXIS, INK, stance_png
from digest.model import Series
from digest.words import Words
from vigie.colours import STANCE_COLOURS

# The colours of a chart; the greys among them are also those of the edges of its letters.
COLOURS = ("#ffffff", *STANCE_COLOURS.values(), AXIS, INK)
WIDTH = 572  # points: nearly as wide as the column of the mail; edges of bars fall on whole pixels


def small_png(words: Words, weeks: Sequence[str], weekly: Sequence[Series]) -> bytes:
    """The chart of a digest with a palette of its own colours: a tenth of the bytes, and nothing to be seen of it."""
    drawn = Image.open(io.BytesIO(stance_png(words, weeks, weekly, width=WIDTH))).convert("RGB")
    out = io.BytesIO()
    drawn.quantize(palette=_palette(), dither=Image.Dither.NONE).save(out, "PNG", bits=4, optimize=True)
    return out.getvalue()


@cache
def _palette() -> Image.Image:
    """An image with the palette."""
    made = Image.new("P", (1, 1))
    made.putpalette([part for colour in COLOURS for part in ImageColor.getrgb(colour)])
    return made
