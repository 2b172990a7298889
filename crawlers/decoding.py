"""From the bytes of a page to its text: as the WHATWG standards have browsers do it, with repairs where pages lie."""

import codecs
import re

from charset_normalizer import from_bytes

# https://encoding.spec.whatwg.org/#names-and-labels: the labels whose meaning on the web differs from Python's.
_WEB_LABELS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "x-cp1252": "cp1252",
    "iso-8859-9": "cp1254",
    "latin5": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "x-mac-roman": "mac_roman",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode20utf8": "utf-8",
}
# Codecs that Python knows and no page may ask for.
_BARRED = {
    "utf-7",
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "rot13",
    "hex",
    "base64",
    "bz2",
    "zlib",
    "uu",
    "quopri",
}

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_PRESCAN_BYTES = 4096
_DETECTION_BYTES = 16384
_META_CHARSET = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})[\"']", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ASCII = bytes(range(128))
# Above this share of bytes that are not ASCII, a text is hardly written in Latin letters.
_LATIN_SHARE = 0.12


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a page or feed; bytes that mean nothing become U+FFFD, and no input raises.

    Order: byte order mark, UTF-8 that proves itself (whatever is declared), the Content-Type header, the declaration in the
    document, then detection. A page that is UTF-8 but for a few bytes is read as UTF-8, and those bytes as windows-1252.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    if wide := _wide(body):
        return body.decode(wide, "replace")
    declared = _declared(body, content_type)
    if declared == "iso2022_jp" and b"\x1b" in body:
        return body.decode(declared, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if _is_nearly_utf8(body):
        return body.decode("utf-8", "vigie-cp1252")
    if declared and declared != "utf-8":
        return body.decode(declared, "replace")
    return body.decode(_detected(body), "replace")


def _read_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("vigie-cp1252", _read_as_cp1252)


def _wide(body: bytes) -> str:
    """UTF-16 without a byte order mark, told by the zero bytes beside ``<``."""
    start = body[:64].lstrip(b" \r\n\t")
    if start.startswith(b"<\0"):
        return "utf-16-le"
    return "utf-16-be" if start.startswith(b"\0<") else ""


def _declared(body: bytes, content_type: str) -> str:
    head = body[:_PRESCAN_BYTES]
    labels = [match[1] for match in [_HEADER_CHARSET.search(content_type)] if match]
    labels += [match[1].decode("ascii") for match in (_XML_ENCODING.search(head), _META_CHARSET.search(head)) if match]
    return next((codec for label in labels if (codec := _codec(label))), "")


def _codec(label: str) -> str:
    """Python's codec for a label of the web; empty for unknown ones."""
    name = label.lower()
    try:
        codec = codecs.lookup(_WEB_LABELS.get(name, name)).name
    except LookupError:
        return ""
    # UTF-16 in a declaration that was itself readable as ASCII is a lie; the standard reads it as UTF-8.
    return "utf-8" if codec.startswith(("utf-16", "utf-32")) else "" if codec in _BARRED else codec


def _is_nearly_utf8(body: bytes) -> bool:
    sequences = _MULTIBYTE.findall(body)
    stray = len(body.translate(None, _ASCII)) - sum(map(len, sequences))
    return stray < len(sequences) / 2


def _detected(body: bytes) -> str:
    """The encoding of a page that declares none, or a false one."""
    high = len(body.translate(None, _ASCII))
    if high < _LATIN_SHARE * len(body):
        return "cp1252"
    best = from_bytes(body[:_DETECTION_BYTES]).best()
    return best.encoding if best else "cp1252"
