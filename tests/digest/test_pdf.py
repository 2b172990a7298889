"""The PDF: tagged, named, numbered; nothing of this machine gets into it, whatever the press writes."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from digest.formats.pdf import to_pdf
from digest.model import Digest, Part, Sentence
from tests.digest.conftest import Told


@pytest.fixture(scope="module")
def french(told: Told) -> Digest:
    return told.digest(language="fr", title="DeepSeek à la une")


@pytest.fixture(scope="module")
def pdf(french: Digest) -> PdfReader:
    return PdfReader(io.BytesIO(to_pdf(french)))


def elements(tree: Any, found: list[Any] | None = None) -> list[Any]:
    """The elements of a structure tree."""
    found = [] if found is None else found
    node = tree.get_object()
    if isinstance(node, list):
        for one in node:
            elements(one, found)
    elif isinstance(node, dict):
        found.append(node)
        if "/K" in node:
            elements(node["/K"], found)
    return found


def test_it_is_tagged_for_screen_readers(pdf: PdfReader, french: Digest) -> None:
    root = pdf.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "fr"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid" in root["/Metadata"].get_data()
    kinds = [str(one.get("/S")) for one in elements(root["/StructTreeRoot"])]
    for kind in ("/H1", "/H2", "/P", "/Figure", "/Table", "/Link"):
        assert kind in kinds
    figures = [one for one in elements(root["/StructTreeRoot"]) if one.get("/S") == "/Figure"]
    assert all(one.get("/Alt") for one in figures)


def test_it_has_a_title_bookmarks_and_numbered_pages(pdf: PdfReader, french: Digest) -> None:
    assert pdf.metadata is not None
    assert pdf.metadata.title is not None
    assert pdf.metadata.title.startswith("DeepSeek à la une")
    marks = [mark.title for mark in flat(pdf.outline)]
    assert marks[0] == "DeepSeek à la une"
    assert {topic.label for topic in french.topics} <= set(marks)
    for number, page in enumerate(pdf.pages, 1):
        text = page.extract_text()
        assert f"{number} / {len(pdf.pages)}" in text
        assert (number == 1) or "DeepSeek à la une" in text, "the running head"
    assert tuple(round(float(side)) for side in pdf.pages[0].mediabox[2:]) == (595, 842), "A4"


def flat(outline: Any) -> list[Any]:
    return [mark for one in outline for mark in (flat(one) if isinstance(one, list) else [one])]


def test_it_holds_the_figures(pdf: PdfReader, french: Digest) -> None:
    text = " ".join("\n".join(page.extract_text() for page in pdf.pages).split())
    assert f"{french.articles.value:g}" in text
    for sentence in map(str, french.summary):
        assert sentence[:40].split()[0] in text
    assert french.top_stories[1].source in text


def test_a_hostile_text_brings_no_file_of_this_machine_into_it(french: Digest, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of this machine")
    hostile = (
        f'</style></p><link rel="attachment" href="file://{secret}"><a rel="attachment" href="file://{secret}">x</a>'
        f'<img src="file://{secret}"><style>@import "file://{secret}"; body {{ background: url(file://{secret}) }}</style>'
    )
    story = replace(french.top_stories[0], title=hostile, url=f"file://{secret}", source=hostile)
    made = to_pdf(replace(french, title=hostile, summary=(Sentence((Part(hostile, ""),)),), top_stories=(story,)))
    assert no_files(made)
    assert b"the secret of this machine" not in b"".join(streams(made))


def test_not_even_our_own_page_could_name_a_file(tmp_path: Path) -> None:
    from digest.formats.pdf import _weasyprint

    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of this machine")
    weasyprint = _weasyprint()
    page = f'<link rel="attachment" href="file://{secret}"><img src="file://{secret}" alt="x"><p>text</p>'
    made = weasyprint.html(string=page, url_fetcher=weasyprint.only_data).write_pdf()
    assert no_files(made)
    assert b"the secret of this machine" not in b"".join(streams(made))


def no_files(made: bytes) -> bool:
    reader = PdfReader(io.BytesIO(made))
    return not reader.attachments and b"/EmbeddedFile" not in made and b"/FileAttachment" not in made


def streams(made: bytes) -> list[bytes]:
    reader = PdfReader(io.BytesIO(made))
    objects = [reader.get_object(number) for number in range(1, len(reader.xref[0]) + 1) if number in reader.xref[0]]
    return [one.get_data() for one in objects if hasattr(one, "get_data") and one.get("/Subtype") != "/Image"]


def test_the_same_digest_is_the_same_pdf(french: Digest) -> None:
    assert to_pdf(french) == to_pdf(french)


def test_without_pango_it_says_what_to_install() -> None:
    """In a process of its own, in which the libraries cannot be found."""
    script = (
        "import ctypes.util, cffi\n"
        "def absent(*_): raise OSError('cannot load library libpango-1.0.so.0')\n"
        "cffi.FFI.dlopen = absent\n"
        "from digest.formats.pdf import _weasyprint\nfrom vigie.errors import VigieError\n"
        "try:\n    _weasyprint()\nexcept VigieError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True).stdout
    assert "a PDF needs Pango" in told
    assert "apt-get install libpango-1.0-0" in told
