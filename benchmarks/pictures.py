"""The pictures in docs/images: page, mail and PDF of the sample newsroom's week, in French and in English.

    python -m benchmarks.pictures [--demo DIR]

DIR is what ``vigie newsroom --demo DIR`` left; without one that runs first, which takes minutes. Chromium must be on the path: it
draws page and mail. Look at each picture before it is committed: what is cramped or ugly there is so for readers too.
"""

import argparse
import base64
import re
import subprocess
import sys
import tempfile
from datetime import date
from itertools import pairwise
from pathlib import Path

import pypdfium2
from PIL import Image

from digest.build import build_digest
from digest.formats.eml import Letter
from digest.formats.pdf import to_pdf
from digest.model import Digest
from digest.record import Record
from digest.render import to_html
from index.embedded import EmbeddedIndex
from vigie.archive import Archive
from vigie.routine import Edition, Mail
from vigie.watch import load_watch

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MONDAY = date(2025, 1, 27)
EDITIONS = (
    Edition(id="presse", language="fr", title="DeepSeek dans la presse"),
    Edition(id="press", language="en", title="DeepSeek in the press"),
)
MAIL = Mail(host="localhost", sender="presse@example.org")
PAGE = (1000, 2300)  # pixels: the top of the page
MAIL_WIDTH, MAIL_COLUMNS, GAP = 600, 3, 20
PDF_PAGES, PDF_SCALE = (1, 3), 1.4
COLOURS = 128


def main() -> None:
    """Draw all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, metavar="DIR", help="what vigie newsroom --demo left")
    demo = parser.parse_args().demo
    with tempfile.TemporaryDirectory() as scratch:
        if demo is None:
            demo = Path(scratch) / "demo"
            subprocess.run([sys.executable, "-m", "vigie", "newsroom", "--port", "0", "--demo", str(demo)], check=True)
        for edition in EDITIONS:
            digest = _digest(demo, edition)
            for name, picture in _pictures(digest, Path(scratch)).items():
                file = IMAGES / f"{name}.png"
                picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
                print(f"{file.name}: {picture.width} × {picture.height}, {file.stat().st_size // 1024} KB")


def _digest(demo: Path, edition: Edition) -> Digest:
    watch, archive = load_watch(demo / "watch.toml"), Archive.open(demo)
    engine = EmbeddedIndex(demo / "index", watch)
    with archive.read() as tx:
        digest = build_digest(engine, watch, edition, MONDAY, record=Record(tx, engine.name))
    archive.close()
    return digest


def _pictures(digest: Digest, scratch: Path) -> dict[str, Image.Image]:
    """All pictures of an edition, by their names."""
    language = digest.language
    pdf = pypdfium2.PdfDocument(to_pdf(digest))
    return {
        f"digest-{language}": _drawn(to_html(digest), *PAGE, scratch),
        f"email-{language}": _in_columns(_whole(_drawn(_mail(digest), MAIL_WIDTH, 9000, scratch))),
        **{f"pdf-{language}-{number}": pdf[number - 1].render(scale=PDF_SCALE).to_pil() for number in PDF_PAGES},
    }


def _mail(digest: Digest) -> str:
    """The HTML of the mail, with its charts in it, and of its list of searches the first three."""
    message = Letter(digest, MAIL).to("desk@example.org")
    page = ""
    for part in message.walk():
        if part.get_content_type() == "text/html":
            page = part.get_content()
        elif part.get_content_maintype() == "image":
            png = base64.b64encode(part.get_content()).decode()
            page = page.replace(f"cid:{part['Content-ID'][1:-1]}", f"data:image/png;base64,{png}")
    return re.sub(r'<a name="s4">.*<br>(?=\s*<br>)', "…<br>", page, flags=re.DOTALL)


def _drawn(page: str, width: int, height: int, scratch: Path) -> Image.Image:
    """The top of a page as Chromium shows it."""
    file, picture = scratch / "page.html", scratch / "page.png"
    file.write_text(page, encoding="utf-8")
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={scratch / 'chromium'}",
            f"--window-size={width},{height}", f"--screenshot={picture}", file.as_uri(),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with Image.open(picture) as drawn:
        return drawn.convert("RGB")


def _whole(drawn: Image.Image) -> Image.Image:
    """A picture without the empty rows at its end."""
    last = next(row for row in reversed(range(drawn.height)) if not _is_blank(drawn, row))
    return drawn.crop((0, 0, drawn.width, last + GAP))


def _in_columns(drawn: Image.Image) -> Image.Image:
    """A long picture in columns, parted where nothing stands."""
    cuts = [0]
    for column in range(1, MAIL_COLUMNS):
        row = drawn.height * column // MAIL_COLUMNS
        while not all(_is_blank(drawn, near) for near in range(row - GAP // 2, row + GAP // 2)):
            row += 1
        cuts.append(row)
    cuts.append(drawn.height)
    height = max(end - start for start, end in pairwise(cuts))
    sheet = Image.new("RGB", (MAIL_COLUMNS * drawn.width + (MAIL_COLUMNS - 1) * GAP, height), "white")
    for column, (start, end) in enumerate(pairwise(cuts)):
        sheet.paste(drawn.crop((0, start, drawn.width, end)), (column * (drawn.width + GAP), 0))
    return sheet


def _is_blank(drawn: Image.Image, row: int) -> bool:
    return drawn.crop((0, row, drawn.width, row + 1)).getcolors(1) is not None


if __name__ == "__main__":
    main()
