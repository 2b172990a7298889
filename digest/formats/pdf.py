"""The digest as a PDF: the page of the HTML format, set for paper, tagged for screen readers (PDF/UA-1)."""

from importlib.resources import files
from typing import Any

from digest.model import Digest
from digest.render import to_html
from vigie.errors import VigieError


def to_pdf(digest: Digest) -> bytes:
    """The PDF. The same digest gives the same bytes.

    Nothing is fetched but what stands in the page itself. Raises VigieError where Pango, which sets the text, is not installed.
    """
    html, css, fetcher, fonts = _weasyprint()
    sheet = css(
        string=files("digest").joinpath("templates/print.css").read_text(encoding="utf-8"), url_fetcher=fetcher, font_config=fonts
    )
    page = html(string=to_html(digest), url_fetcher=fetcher)
    made: bytes = page.write_pdf(
        stylesheets=[sheet],
        font_config=fonts,
        pdf_variant="pdf/ua-1",
        pdf_tags=True,
        pdf_identifier=_identifier(digest),
        attachments=None,
    )
    return made


def _identifier(digest: Digest) -> bytes:
    import hashlib

    told = f"{digest.watch}/{digest.edition}/{digest.week}/{digest.version}/{digest.watermark}"
    return hashlib.sha256(told.encode()).digest()[:16]


def _weasyprint() -> tuple[Any, Any, Any, Any]:
    try:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher
    except OSError as error:  # the libraries that it loads
        raise VigieError(
            f"a PDF needs Pango, which is not here ({' '.join(str(error).split())[:200]})",
            mend="apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core; or take another format",
        ) from None
    return weasyprint.HTML, weasyprint.CSS, URLFetcher(allowed_protocols=("data",)), FontConfiguration()
