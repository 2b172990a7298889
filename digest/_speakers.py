"""Who is quoted in the articles on the subject."""

from collections import Counter, defaultdict

from digest._enquiry import Enquiry
from digest._stories import can_be_shown, quote_of
from digest.model import Speaker
from index.analysis import normal_name
from index.query import FieldValue, Query, render


def speakers_of(enquiry: Enquiry, most: int) -> tuple[Speaker, ...]:
    """Who is quoted in most outlets; of equals in most articles, then by name."""
    outlets: defaultdict[str, int] = defaultdict(int)
    articles: Counter[str] = Counter()
    for (speaker, _), count in enquiry.reader.cells(enquiry.of_week(enquiry.about), ("speaker", "source")).items():
        outlets[str(speaker)] += 1
        articles[str(speaker)] += count
    ranked = sorted(outlets, key=lambda speaker: (-outlets[speaker], -articles[speaker], speaker))[:most]
    found = (_speaker(enquiry, speaker, outlets[speaker]) for speaker in ranked)
    return tuple(speaker for speaker in found if speaker)


def _speaker(enquiry: Enquiry, speaker: str, outlets: int) -> Speaker | None:
    """A speaker by the name that most quotes give; None where the archive has other words by now."""
    query: Query = enquiry.of_week(enquiry.about, FieldValue("speaker", speaker))
    hits = {hit["id"]: hit for hit in enquiry.reader.export(query)}
    spoken = [
        (quote, hits[id_])
        for id_, quotes in enquiry.record.quotes(reversed(hits))
        for quote in quotes
        if normal_name(quote.speaker) == speaker
    ]
    if not spoken:
        return None
    # The speaker's own words before the article's for them, then the earliest.
    quote, hit = min(spoken, key=lambda pair: (not can_be_shown(pair[0]), pair[0].kind != "direct"))
    names = Counter(quote.speaker for quote, _ in spoken)
    return Speaker(
        name=min(names, key=lambda name: (-names[name], name)),
        quotes=len(spoken),
        outlets=outlets,
        example=quote_of(enquiry, quote, hit),
        query=render(query),
    )
