"""When an article appeared: every place that states it, how each is read, which one is believed, and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain, islice
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from crawlers.jsonld import types
from crawlers.page import Page, clean, text_of
from crawlers.phrases import words_of
from vigie import clock
from vigie.article import DateCandidate, Precision, Published

# The web carries no press before; a page may be dated ahead by a time zone, or for an embargo, and no more.
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LEEWAY = timedelta(days=2)

MAX_CANDIDATES = 24
MAX_RAW = 200

# -- reading a date


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as it was written. instant: aware, in UTC; offset: minutes east of UTC, None where none was written (UTC then)."""

    instant: datetime
    offset: int | None
    precision: Precision

    @property
    def day(self) -> str:
        """The calendar day as written, ISO 8601."""
        return (self.instant + timedelta(minutes=self.offset or 0)).date().isoformat()


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier janv januar jänner jän enero ene gennaio gen janeiro januari",
            "february feb février fevrier févr fevr fév februar feber febrero febbraio febb fevereiro fev februari",
            "march mar mars märz maerz mär mrz marzo março marco maart mrt",
            "april apr avril avr abril abr aprile",
            "may mai mayo may maggio mag maio mei",
            "june jun juin juni junio giugno giu junho",
            "july jul juillet juil juli julio luglio lug julho",
            "august aug août aout augustus agosto ago",
            "september sep sept septembre septiembre setiembre settembre set setembro",
            "october oct octobre oktober okt octubre ottobre ott outubro out",
            "november nov novembre noviembre novembro",
            "december dec décembre decembre déc dezember dez diciembre dic dicembre dezembro desember des",
        ),
        1,
    )
    for name in names.split()
}
# Minutes east of UTC of the zone names that news pages write (RFC 822 section 5.1, and the European ones).
_ZONES = {
    name: minutes
    for minutes, names in {
        -480: "pst",
        -420: "mst pdt",
        -360: "cst mdt",
        -300: "est et cdt",
        -240: "edt",
        0: "z ut utc gmt wet",
        60: "west bst cet mez",
        120: "cest mesz eet sast",
        180: "eest msk",
        480: "hkt",
        540: "jst kst",
        600: "aest",
        660: "aedt",
    }.items()
    for name in names.split()
}

_TIME = (
    r"(?P<hour>[01]?\d|2[0-4])\s*(?:[:h.]\s*(?P<minute>[0-5]\d)|h|(?=\s*[ap]\.?m\b))(?::(?P<second>[0-5]\d|60|\d)(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[ap]\.?m\b\.?)?\s*(?:uhr|heures?|h)?\s*\(?(?P<zone>Z\b|(?:UTC|GMT)?\s?[+-]\d\d:?\d\d|(?:UTC|GMT)\s?[+-]\d\d?|[A-Za-z]{2,4}\b)?"
)
_BETWEEN = r"(?:\s*(?:T|,|-|–|—|\||/|·|•|at|à|a las|alle|ore|um|ab|den|le|kl\.?)\s*|\s+){0,3}"
_ISO = re.compile(
    rf"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<mark>[-/.])\s?(?P<month>0?[1-9]|1[0-2])(?P=mark)\s?(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)(?:{_BETWEEN}{_TIME})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:T?(?P<hour>[01]\d|2[0-3]):?(?P<minute>[0-5]\d):?(?P<second>[0-5]\d)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?(?!\d)"
)
_NUMERIC = re.compile(
    rf"(?<!\d)(?P<first>3[01]|[12]\d|0?[1-9])(?P<mark>[-/.])\s?(?P<second_number>3[01]|[12]\d|0?[1-9])(?P=mark)\s?(?P<year>(?:19|20)\d\d|\d\d)(?!\d)(?:{_BETWEEN}{_TIME})?",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(?P<day>3[01]|[12]\d|0?[1-9])(?:\s*(?:st|nd|rd|th|er|º|ª|\.))?[\s-]+(?:de\s+|of\s+)?(?P<name>[^\W\d_]{{3,10}})\.?,?[\s-]+(?:de[l]?\s+)?(?P<year>(?:19|20)\d\d)(?!\d)(?:{_BETWEEN}{_TIME})?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?<![^\W\d_])(?P<name>[^\W\d_]{{3,10}})\.?\s+(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d\d)(?!\d)(?:{_BETWEEN}{_TIME})?",
    re.IGNORECASE,
)
_YEAR_MONTH = re.compile(r"^(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])$")
_CJK = re.compile(
    r"(?P<year>(?:19|20)\d\d)\s?[年년]\s?(?P<month>1[0-2]|0?[1-9])\s?[月월]\s?(?P<day>3[01]|[12]\d|0?[1-9])\s?[日일]?(?:[^\d]{0,6}(?P<hour>[01]?\d|2[0-3])[:時时시]\s?(?P<minute>[0-5]\d))?"
)
_EPOCH = re.compile(r"^\d{10}(?:\d{3})?$")
_ISO_DURATION_HOUR_24 = 24


def read_date(raw: str, *, month_first: bool = False) -> Reading | None:
    """The date that a text states; None where it states none that can be.

    Reads ISO 8601 and its neighbours, RFC 822, epoch seconds, and dates written in English, French, German, Spanish, Italian,
    Dutch, Portuguese, Chinese, Japanese and Korean. ``03/04/2025`` is the third of April unless month_first.
    """
    said = clean(raw)[:MAX_RAW]
    if not any(map(str.isdigit, said)):
        return None
    if _EPOCH.match(said):
        return _bounded(Reading(datetime.fromtimestamp(int(said[:10]), UTC), 0, "second"))
    if match := _YEAR_MONTH.match(said):
        return _bounded(Reading(datetime(int(match["year"]), int(match["month"]), 1, tzinfo=UTC), None, "month"))
    for pattern in (_ISO, _COMPACT, _DAY_FIRST, _MONTH_FIRST, _NUMERIC, _CJK):
        for match in islice(pattern.finditer(said), 3):
            if reading := _reading(match.groupdict(), said, month_first=month_first):
                return reading
    return None


def _reading(found: Mapping[str, str | None], said: str, *, month_first: bool) -> Reading | None:
    year, month, day = _calendar_day(found, month_first=month_first)
    if not month:
        return None
    hour, minute, second = int(found.get("hour") or 0), int(found.get("minute") or 0), min(59, int(found.get("second") or 0))
    half = (found.get("half") or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    offset = _offset(found.get("zone") or "", said) if found.get("hour") else None
    try:
        local = datetime(year, month, day, hour % _ISO_DURATION_HOUR_24, minute, second)
        instant = local.replace(tzinfo=timezone(timedelta(minutes=offset or 0))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    timed = bool(found.get("hour")) and not (hour == minute == second == 0 and not offset)
    precision: Precision = "day" if not timed else "second" if found.get("second") else "minute"
    return _bounded(Reading(instant, offset if timed else None, precision))


def _calendar_day(found: Mapping[str, str | None], *, month_first: bool) -> tuple[int, int, int]:
    """Year, month (0 where a word is no month) and day."""
    year = int(found["year"] or 0)
    year += 2000 if year < 100 else 0
    if found.get("first"):
        day, month = int(found["first"] or 0), int(found["second_number"] or 0)
        if (month_first and day <= 12) or month > 12:
            day, month = month, day
        return year, month if month <= 12 else 0, day
    month = _MONTHS.get((found.get("name") or "").lower(), 0) if "name" in found else int(found["month"] or 0)
    return year, month, int(found["day"] or 0)


def _offset(zone: str, said: str) -> int | None:
    zone = re.sub(r"^(?:utc|gmt)\s?(?=[+-])", "", zone.strip().lower())
    if match := re.match(r"([+-])(\d\d?):?(\d\d)?$", zone):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        # RFC 5322 section 3.3: -0000 says that the zone is unknown.
        if minutes > 15 * 60 or (match[1] == "-" and minutes == 0):
            return None
        return minutes if match[1] == "+" else -minutes
    if not zone and (match := re.search(r"\b(?:UTC|GMT)\b", said)):
        return 0
    return _ZONES.get(zone)


def _bounded(reading: Reading) -> Reading | None:
    return reading if EARLIEST <= reading.instant <= clock.now() + LEEWAY else None


# -- where pages state it

# Ranks: a lower one is believed first. Within a rank, the order of the page decides.
_STATED, _MARKED, _LISTED, _SHOWN, _CREATED, _ADDRESS, _SEARCHED, _UPDATED = range(8)

_PUBLISHED_METAS = words_of("""
    article:published_time og:article:published_time og:published_time article:published article.published
    datepublished og:pubdate pubdate publishdate publish_date publish-date published_time publication_date
    publication-date article:publication_date date.published rnews:datepublished parsely-pub-date sailthru.date
    cxenseparse:recs:publishtime cxenseparse:publishtime dc.date.issued dcterms.issued citation_publication_date
    citation_online_date bt:pubdate article_date_original originalpublicationdate displaydate mediator_published_time
    vf:published timestamp og:publish_date rbpubdate date_published published
""")
_CREATED_METAS = words_of("""
    dc.date.created dcterms.created article:created dc.date dcterms.date date datecreated dc.created created
    article.created
""")
_UPDATED_METAS = words_of("""
    article:modified_time og:updated_time datemodified lastmod last-modified dcterms.modified revised
""")
_URL_DAY = re.compile(
    r"/(?P<year>(?:19|20)\d\d)(?P<mark>[/-]?)(?P<month>0[1-9]|1[0-2]|[1-9](?=[/-]))(?P=mark)(?P<day>0[1-9]|[12]\d|3[01]|[1-9](?=[/-]))(?!\d)"
)
_URL_DAY_AT_END = re.compile(r"[-_.](?P<year>20\d\d)[-_]?(?P<month>0[1-9]|1[0-2])[-_]?(?P<day>0[1-9]|[12]\d|3[01])(?!\d)")
_DATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:date|pubdate|published|datum|dateline|fecha|timestamp|byline|author|auteur|meta|post-?date|entry-?date|publication)(?:$|[\s_-])|[a-z]Date\b",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(r"comment|related|sidebar|footer|teaser|widget|modif|updat", re.IGNORECASE)
_UPDATE_WORD = re.compile(r"updat|modif|mis à jour|maj\b|aktualis|actualiz|aggiorn", re.IGNORECASE)
_DATED_TAGS = (
    "time",
    "span",
    "div",
    "p",
    "li",
    "abbr",
    "small",
    "em",
    "a",
    "b",
    "strong",
    "section",
    "header",
    "td",
    "dd",
    "h2",
    "h3",
    "h4",
    "h5",
)
_MAX_SHOWN = 3
_MAX_EXAMINED = 200
_MAX_SHOWN_LENGTH = 80


def published(page: Page, hints: Mapping[str, str], *, search: bool = True) -> Published | None:
    """When the article of a page appeared, with every candidate found and the reason of the choice; None where nothing tells.

    hints: what listings said, as written (``feed.published``, ``sitemap.updated`` …). search: whether to look through the text
    as a last resort (htmldate, https://doi.org/10.21105/joss.02439).
    """
    month_first = _is_american(page)
    found: list[tuple[int, DateCandidate, Reading | None]] = []
    for rank, method, raw in islice(_statements(page, hints), MAX_CANDIDATES):
        reading = read_date(raw, month_first=month_first)
        found.append((rank, DateCandidate(method, clean(raw)[:MAX_RAW], reading.instant if reading else None), reading))
    readable = [(rank, candidate, reading) for rank, candidate, reading in found if reading]
    if search and not any(rank < _UPDATED for rank, _, _ in readable):
        day = _searched(page)
        if day and (reading := read_date(day)):
            candidate = DateCandidate("text", day, reading.instant)
            found.append((_SEARCHED, candidate, reading))
            readable.append((_SEARCHED, candidate, reading))
    if not readable:
        return None
    rank, chosen, reading = min(readable, key=lambda entry: entry[0])
    reading, more = _completed(reading, chosen, readable)
    return Published(
        instant=reading.instant,
        offset=reading.offset,
        precision=reading.precision,
        method=chosen.method,
        reason=_reason(rank, reading, [other for _, _, other in readable]) + more,
        candidates=tuple(candidate for _, candidate, _ in found),
    )


def _statements(page: Page, hints: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    """Every place that states a date: rank, method, text."""
    article = page.jsonld.article
    for key, rank in (("datePublished", _STATED), ("dateCreated", _CREATED), ("dateModified", _UPDATED)):
        if isinstance(said := article.get(key), (str, int)) and str(said).strip():
            yield rank, f"json-ld {key}", str(said)
    for names, rank in ((_PUBLISHED_METAS, _STATED), (_CREATED_METAS, _CREATED), (_UPDATED_METAS, _UPDATED)):
        for name in names:
            for said in page.meta.get(name, ())[:1]:
                yield rank, f"meta {name}", said
    yield from _marked(page.tree)
    for name, said in hints.items():
        if name.endswith("published"):
            yield _LISTED, name, said
        elif name.endswith("updated"):
            yield _UPDATED, name, said
    if not article:
        for node in page.jsonld.nodes:
            for key in ("datePublished", "uploadDate"):
                if isinstance(said := node.get(key), str) and not {"Comment", "Review"} & types(node):
                    yield _LISTED, f"json-ld {key}", said
    if day := _day_in_address(page.url):
        yield _ADDRESS, "url", day


def _marked(tree: HtmlElement) -> Iterator[tuple[int, str, str]]:
    """Dates in elements: those marked as the publication's, and the first few that are only shown."""
    shown = examined = 0
    for element in tree.iter(*_DATED_TAGS):
        properties, kinds = element.get("itemprop") or "", element.get("class") or ""
        is_published = (
            "datePublished" in properties
            or element.get("pubdate") is not None
            or (element.tag == "abbr" and "published" in kinds)
        )
        is_shown = element.tag == "time" or (kinds and _DATE_CLASS.search(kinds))
        if not (is_published or (is_shown and shown < _MAX_SHOWN and "dateModified" not in properties)) or _is_beside_the_article(
            element
        ):
            continue
        if (examined := examined + 1) > _MAX_EXAMINED:
            return
        stated = element.get("datetime") or element.get("content") or ""
        said = text_of(element)
        if is_published:
            yield _MARKED, f"element {properties or 'pubdate'}", stated or element.get("title") or said[:MAX_RAW]
        elif len(said) <= _MAX_SHOWN_LENGTH and any(map(str.isdigit, stated or said)) and not _UPDATE_WORD.search(said):
            shown += 1
            yield _SHOWN, "time" if element.tag == "time" else "element", stated or said


def _is_beside_the_article(element: HtmlElement) -> bool:
    return any(
        ancestor.tag in ("aside", "nav", "footer")
        or _OUTSIDE.search((ancestor.get("class") or "") + " " + (ancestor.get("id") or ""))
        for ancestor in chain((element,), islice(element.iterancestors(), 8))
        if ancestor.tag not in ("body", "html", "main", "article")
    )


def _day_in_address(url: str) -> str:
    path = unquote(urlsplit(url).path)
    match = _URL_DAY.search(path) or _URL_DAY_AT_END.search(path)
    return f"{match['year']}-{int(match['month']):02}-{int(match['day']):02}" if match else ""


def _searched(page: Page) -> str:
    """The day that htmldate finds in the text."""
    from htmldate import find_date

    try:
        return (
            find_date(page.tree, original_date=True, extensive_search=True, url=page.url, min_date=EARLIEST.replace(tzinfo=None))
            or ""
        )
    except Exception:  # a heuristic search over hostile text: whatever it stumbles on, there is no date
        return ""


def _is_american(page: Page) -> bool:
    """Whether ``03/04/2025`` is the fourth of March on this page."""
    language = (page.tree.get("lang") or page.first_meta("og:locale")).lower().replace("_", "-")
    return language.startswith("en-us")


# -- choosing


def _completed(
    reading: Reading, chosen: DateCandidate, readable: list[tuple[int, DateCandidate, Reading]]
) -> tuple[Reading, str]:
    """The reading, with what another place of publication adds: the time of a day, or the outlet's own offset of an instant."""
    others = [(candidate, other) for rank, candidate, other in readable if rank < _ADDRESS and candidate is not chosen]
    if reading.precision in ("day", "month"):
        for candidate, other in others:
            if other.precision in ("second", "minute") and other.day == reading.day:
                return other, f"; time of day from {candidate.method}"
    elif not reading.offset:
        for candidate, other in others:
            if other.offset and (other.instant == reading.instant or (reading.offset is None and _same_clock(reading, other))):
                return other, f"; offset from {candidate.method}"
        for candidate, other in others:
            if reading.offset == 0 and (offset := _local_offset(reading, other)):
                return replace(reading, offset=offset), f"; offset from the local time of {candidate.method}"
    return reading, ""


def _local_offset(reading: Reading, naive: Reading) -> int:
    """The offset of the outlet's zone, where a time without offset shows the same instant on another clock; 0 if it does not."""
    if naive.offset is not None or naive.precision not in ("second", "minute"):
        return 0
    instant = (
        reading.instant
        if naive.precision == reading.precision == "second"
        else reading.instant.replace(second=naive.instant.second)
    )
    minutes, rest = divmod((naive.instant - instant).total_seconds(), 60)
    # Zones lie on quarters of an hour, from UTC-12 to UTC+14.
    return int(minutes) if rest == 0 and minutes % 15 == 0 and -12 * 60 <= minutes <= 14 * 60 else 0


def _same_clock(naive: Reading, other: Reading) -> bool:
    """Whether a time without offset and one with it show the same day and minute on the clock."""
    return naive.instant.replace(second=0) == (other.instant + timedelta(minutes=other.offset or 0)).replace(second=0)


def _reason(rank: int, reading: Reading, others: list[Reading]) -> str:
    grounds = {
        _STATED: "stated as the time of publication",
        _MARKED: "marked as the time of publication in the text",
        _LISTED: "given by the listing that led here, or for the page as a whole",
        _SHOWN: "shown with the article",
        _CREATED: "only a time of creation is given",
        _ADDRESS: "written in the address",
        _SEARCHED: "found by a search through the text",
        _UPDATED: "only a time of update is given",
    }
    agreeing = sum(other.day == reading.day for other in others)
    zone = "" if reading.offset is not None or reading.precision in ("day", "month") else "; no offset written, read as UTC"
    return f"{grounds[rank]}; {agreeing} of {len(others)} places agree on the day{zone}"
