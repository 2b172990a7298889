"""Articles that came late, and articles that their outlets corrected."""

from collections.abc import Sequence
from datetime import datetime

from digest._enquiry import Enquiry
from digest.model import Amended
from digest.record import batches
from index.query import FieldValue, OneOf, all_of, render
from vigie import archive

MOST = 10  # of the late and of the corrected articles; the note says how many there are where these are not all


def amended_of(enquiry: Enquiry) -> tuple[tuple[Amended, ...], tuple[Amended, ...], str]:
    """The late and the corrected articles on the subject, the last ones first, and why there are none or not all."""
    late, of_late = _on_the_subject(enquiry, enquiry.record.late(enquiry.week))
    corrected, of_corrected = _on_the_subject(enquiry, enquiry.record.corrected(enquiry.week))
    say, count = enquiry.words.gettext, enquiry.words.number
    if not late and not corrected:
        return (), (), say("No article on {subject} came late, and none was corrected.", subject=enquiry.subject.name)
    notes = []
    if of_late > MOST:
        notes.append(say("{all} articles came late; shown are the last {shown}.", all=count(of_late), shown=count(MOST)))
    if of_corrected > MOST:
        notes.append(
            say("{all} articles were corrected; shown are the last {shown}.", all=count(of_corrected), shown=count(MOST))
        )
    return late, corrected, " ".join(notes)


def _on_the_subject(enquiry: Enquiry, found: Sequence[archive.Amended]) -> tuple[tuple[Amended, ...], int]:
    """The last of those that are on the subject, and how many these are in all."""
    by_id = {one.article: one for one in found}
    chosen = [
        (by_id[hit["id"]], hit)
        for batch in batches(by_id)
        for hit in enquiry.reader.export(all_of((enquiry.about, OneOf("id", tuple(batch)))))
    ]
    chosen.sort(key=lambda pair: (-pair[0].seen, pair[0].article))
    return tuple(
        Amended(
            id=one.article,
            url=hit["url"],
            title=hit["title"],
            source=enquiry.name(hit["source"]),
            language=hit["language"],
            published=hit["published"],
            seen=datetime.fromtimestamp(one.seen, enquiry.watch.zone).isoformat(timespec="seconds"),
            revision=one.revision,
            query=render(FieldValue("id", one.article)),
        )
        for one, hit in chosen[:MOST]
    ), len(chosen)
