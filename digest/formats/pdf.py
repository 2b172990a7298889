"""The digest as a PDF: the page of the HTML format set for paper, tagged for screen readers (PDF/UA-1, ISO 14289-1)."""

import base64
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from digest.charts import INK
from digest.model import Digest
from digest.render import to_html
from digest.words import words
from vigie.errors import VigieError

LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"  # as Debian calls what sets the text
FONTS = "fonts-dejavu-core"  # the last of each stack of fonts; any font will do


def to_pdf(digest: Digest) -> bytes:
    """The PDF. The same digest gives the same bytes on the same fonts.

    Nothing is fetched but what stands in the page itself. Raises VigieError where what sets the text is not installed.
    """
    weasyprint = _weasyprint()
    page = weasyprint.html(
        string=_for_paper(to_html(digest), words(digest.language).week_name(digest.week)), url_fetcher=weasyprint.only_data
    )
    told = f"{digest.watch}/{digest.edition}/{digest.week}/{digest.version}/{digest.watermark}"
    identifier = hashlib.sha256(told.encode()).hexdigest()[:32].encode()
    made: bytes = page.write_pdf(font_config=weasyprint.fonts, pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=identifier)
    return made


def _for_paper(page: str, week: str) -> str:
    """The page with the style sheet of paper after its own, and charts as images with their description as alternative."""
    sheet = files("digest").joinpath("templates/print.css").read_text(encoding="utf-8").replace("WEEK", week)
    page = page.replace("</style>", f"\n{sheet}</style>", 1)
    return re.sub(r'<svg role="img" aria-label="([^"]*)".*?</svg>', _image, page, flags=re.DOTALL)


def _image(svg: re.Match[str]) -> str:
    # Without its style it has a size of its own, from which the image takes its proportions.
    drawn = svg.group().replace("currentColor", INK).replace('style="max-width:100%;height:auto"', "")
    drawn = re.sub(r'<path[^>]* d="M[-\d.,]+h[-\d.]+v0h[-\d.]+Z"[^>]*(?:/>|></path>)', "", drawn)  # bars of nought show as lines
    return f'<img alt="{svg[1]}" src="data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}">'


@dataclass(frozen=True)
class _WeasyPrint:
    html: Any
    only_data: Any
    fonts: Any


def _weasyprint() -> _WeasyPrint:
    """WeasyPrint, whose libraries are asked for when it is imported."""
    try:
        from weasyprint import HTML
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise VigieError(
            f"a PDF needs Pango, which is not here ({str(error).splitlines()[0]})",
            mend=f"apt-get install {LIBRARIES} {FONTS}; or take another format",
        ) from None
    # An attachment or image of a hostile text must not bring a file of this machine into the PDF.
    return _WeasyPrint(HTML, URLFetcher(allowed_protocols=("data",), allow_redirects=False), FontConfiguration())
