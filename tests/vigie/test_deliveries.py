"""What the archive remembers of digests and deliveries, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from vigie.archive import Archive

WEEK = ("digest:monday", "2025-W05", "desk@example.org")


def begin(archive: Archive, *, again: bool = False) -> bool:
    with archive.begin(durable=True) as tx:
        return tx.deliveries.begin(*WEEK, message_id="<1@example.org>", at=1, again=again)


def end(archive: Archive, state: str, detail: str = "") -> None:
    with archive.begin() as tx:
        tx.deliveries.end(*WEEK, state, at=2, detail=detail)  # type: ignore[arg-type]  # checked by what is read back


def test_a_delivery_is_begun_once(archive: Archive) -> None:
    assert begin(archive)
    assert not begin(archive), "begun and not ended: it may have arrived"
    end(archive, "sent")
    assert not begin(archive)
    with archive.read() as tx:
        assert tx.deliveries.of("digest:monday", "2025-W05")["desk@example.org"].state == "sent"
        assert tx.deliveries.unsettled() == []


def test_what_was_refused_for_now_is_tried_again_and_what_was_rejected_is_not(archive: Archive) -> None:
    begin(archive)
    end(archive, "refused", "450 try later")
    assert begin(archive)
    end(archive, "rejected", "550 no such user")
    assert not begin(archive)
    with archive.read() as tx:
        (left,) = tx.deliveries.unsettled()
    assert (left.state, left.attempts, left.detail) == ("rejected", 2, "550 no such user")


@pytest.mark.parametrize("state", ["sending", "sent", "rejected"])
def test_whoever_asks_for_it_gets_it_again(archive: Archive, state: str) -> None:
    begin(archive)
    end(archive, state)
    assert begin(archive, again=True)


def test_of_many_that_begin_at_once_one_may(archive: Archive) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: begin(archive), range(24))) == 1


def test_a_version_of_a_digest_never_changes(archive: Archive) -> None:
    with archive.begin() as tx:
        assert tx.digests.keep("monday", "2025-W05", 1, '{"a": 1}', watermark=7, at=1)
        assert not tx.digests.keep("monday", "2025-W05", 1, '{"a": 1}', watermark=7, at=2)
    with pytest.raises(IntegrityError), archive.begin() as tx:
        tx.digests.keep("monday", "2025-W05", 1, '{"a": 2}', watermark=8, at=3)
    with archive.read() as tx:
        newest = tx.digests.newest("monday", "2025-W05")
    assert newest is not None
    assert (newest.version, newest.watermark, newest.at, newest.text) == (1, 7, 1, '{"a": 1}')


def test_the_last_weeks_are_told_by_their_newest_version(archive: Archive) -> None:
    with archive.begin() as tx:
        for week, version in (("2024-W52", 1), ("2025-W01", 1), ("2025-W01", 2), ("2025-W02", 1)):
            tx.digests.keep("monday", week, version, f"{week} {version}", watermark=version, at=1)
        tx.digests.keep("other", "2025-W01", 9, "other", watermark=1, at=1)
        assert [one.text for one in tx.digests.weeks("monday", limit=26)] == ["2025-W02 1", "2025-W01 2", "2024-W52 1"]
        assert [one.week for one in tx.digests.weeks("monday", limit=1)] == ["2025-W02"]
