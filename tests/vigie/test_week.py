"""What an archive knows of a week, on either database: what was read, what came late, what was changed, what waits."""

from datetime import UTC, datetime

from vigie.archive import Archive, Due, FrontierEntry, Transaction
from vigie.article import Article, Labels, Published, article_id

DAY = 86_400.0
START, END = 100 * DAY, 107 * DAY


def article(slug: str, day: float, *, source: str = "silex", text: str = "Un texte.") -> Article:
    url = f"https://{source}.example/{slug}"
    published = Published(datetime.fromtimestamp(day * DAY, UTC), 0, "second", "test")
    return Article(article_id(url), url, url, source, slug, text, published=published)


def fetch(tx: Transaction, worker: str, source: str, outcome: str, day: float) -> None:
    entry = FrontierEntry(f"https://{source}.example/feed", source, "feed")
    tx.frontier.discover(entry, at=day * DAY)
    tx.frontier.poll_now(at=day * DAY, sources=(source,))
    claimed = tx.frontier.claim(worker, at=day * DAY, limit=9, per_source=9, due=Due(sources=(source,)))
    assert [one.url for one in claimed] == [entry.url]
    assert tx.frontier.finish(entry, worker=worker, outcome=outcome, at=day * DAY, next_try=day * DAY)


def test_whose_listings_were_read_and_how_the_last_try_of_the_others_ended(archive: Archive) -> None:
    with archive.begin() as tx:
        worker = tx.workers.enter("crawl", at=1e9)
        for source, outcome, day in (
            ("early", "listing", 99.9),
            ("read", "unreachable", 100.5),
            ("read", "unchanged", 101),
            ("failed", "listing", 99),
            ("failed", "http_error", 103),
            ("late", "listing", 107),
        ):
            fetch(tx, worker, source, outcome, day)
    with archive.read() as tx:
        assert tx.frontier.listings_read(since=START, until=END) == {"read"}
        assert tx.frontier.last_listing_fetches(until=END) == {
            "early": ("listing", 99.9 * DAY),
            "read": ("unchanged", 101 * DAY),
            "failed": ("http_error", 103 * DAY),
        }
        assert tx.frontier.listings_asked(since=START) == {"read": True, "failed": False, "late": True}
    with archive.begin() as tx:
        tx.frontier.plan_listings([FrontierEntry("https://read.example/feed", "read", "feed")], at=END)
    with archive.read() as tx:
        assert tx.frontier.listings_asked(since=START) == {"read": True}, "the others have left the watch"


def test_late_is_what_a_known_source_published_before_and_shows_now(archive: Archive) -> None:
    with archive.begin() as tx:
        tx.articles.store(article("known", 90), page_id=None, at=90.1 * DAY)
        tx.articles.store(article("late", 98), page_id=None, at=102 * DAY)
        tx.articles.store(article("fresh", 101), page_id=None, at=102 * DAY)
        tx.articles.store(article("later", 98), page_id=None, at=END)
        tx.articles.store(article("past", 98, source="newcomer"), page_id=None, at=102 * DAY)
    with archive.read() as tx:
        found = tx.articles.late(since=START, until=END)
    assert [(one.article, one.revision, one.seen) for one in found] == [(article("late", 98).id, 1, 102 * DAY)]


def test_revised_is_what_was_seen_changed_with_its_newest_revision_of_the_week(archive: Archive) -> None:
    with archive.begin() as tx:
        for text, day in (("a", 99), ("b", 101), ("c", 103), ("d", 108)):
            tx.articles.store(article("edited", 98, text=text), page_id=None, at=day * DAY)
        tx.articles.store(article("first seen", 98), page_id=None, at=101 * DAY)
    with archive.read() as tx:
        found = tx.articles.revised(since=START, until=END)
    assert [(one.article, one.revision, one.seen) for one in found] == [(article("edited", 98).id, 3, 103 * DAY)]


def test_what_waits_is_unread_or_has_changed_since_an_index_came_by(archive: Archive) -> None:
    def waiting() -> int:
        with archive.read() as tx:
            return tx.articles.waiting("embedded:a", since=START, until=END)

    one, other = article("one", 101), article("other", 99)
    with archive.begin() as tx:
        worker = tx.workers.enter("read", at=1e9)
        for each in (one, other):
            tx.articles.store(each, page_id=None, at=102 * DAY)
    assert waiting() == 1, "unread, and the other is of the week before"
    with archive.begin() as tx:
        tx.to_read.claim(worker, at=1e9, limit=9)
        for each in (one, other):
            labels = Labels(each.id, 1, "fr", "test 1")
            assert tx.labels.store(labels, worker=worker, embedding=None, sketch=None, at=1e9)
    assert waiting() == 1, "read, and no index has seen it"
    with archive.begin() as tx:
        tx.changes.reached("embedded:a", tx.changes.last())
    assert waiting() == 0
    with archive.begin() as tx:
        tx.articles.store(article("one", 101, text="Un autre."), page_id=None, at=103 * DAY)
    assert waiting() == 1, "to be read again"
