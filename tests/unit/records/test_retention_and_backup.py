import os
import struct
from datetime import timedelta

import pytest

from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from records.backup import backup, restore
from records.database import Database
from records.ledger import verify
from records.picture_size import picture_size
from records.pictures import Pictures
from records.retention import prune
from records.review_records import ReviewRecords
from tests.unit.records.conftest import KEY
from tests.unit.records.making import LINE, PLAN, START, case, decision, frame, inspection

MANY = 10**9


def keep(edge, number, *, at=START, held=None, content=None):
    picture = frame(content or f"picture {number}".encode(), at)
    verdict = Verdict.HOLD if held else Verdict.PASS
    edge.record(inspection(number, verdict=verdict, frames=(picture,)), held, [picture])
    return picture


def test_old_pictures_go_but_never_those_of_open_cases(edge, review, database, pictures):
    now = START + timedelta(days=40)
    old = keep(edge, 1)
    asked = keep(edge, 2, held=(waiting := case(2)))
    young = keep(edge, 3, at=now - timedelta(days=1))
    assert prune(database, pictures, now, keep_days=30, keep_bytes=MANY) == 1
    assert [review.frame_path(each.sha256) is not None for each in (old, asked, young)] == [False, True, True]
    assert not review.inspection(1).frames[0].kept
    review.decide(release := decision(waiting), PLAN, None)
    assert prune(database, pictures, now, keep_days=30, keep_bytes=MANY) == 0
    order = edge.record_order(release, OrderCode.RELEASE_PART, 2, 0)
    edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "")
    assert prune(database, pictures, now, keep_days=30, keep_bytes=MANY) == 1
    assert verify(database).broken_at is None


def test_the_oldest_go_first_when_there_are_too_many_bytes(edge, review, database, pictures):
    kept = [
        keep(edge, number, at=START + timedelta(minutes=number), content=b"x" * 99 + bytes([number]))
        for number in range(5)
    ]
    prune(database, pictures, START, keep_days=30, keep_bytes=250)
    assert [review.frame_path(each.sha256) is not None for each in kept] == [False, False, False, True, True]


def test_a_picture_that_two_parts_share_stays_while_one_of_them_keeps_it(edge, review, database, pictures):
    now = START + timedelta(days=40)
    shared = keep(edge, 1, content=b"same")
    keep(edge, 2, at=now, content=b"same")
    assert prune(database, pictures, now, keep_days=30, keep_bytes=MANY) == 0
    assert review.frame_path(shared.sha256)


def test_pictures_without_a_record_are_swept_once_they_are_old(database, pictures):
    pictures.keep(frame(b"orphan"))
    [file] = pictures.files()
    now = START
    os.utime(file, (now.timestamp(), now.timestamp()))
    assert prune(database, pictures, now, keep_days=30, keep_bytes=MANY) == 0
    assert prune(database, pictures, now + timedelta(hours=2), keep_days=30, keep_bytes=MANY) == 1
    assert list(pictures.files()) == []


def test_a_backup_restores_to_the_same_store(edge, review, database, pictures, tmp_path):
    picture = keep(edge, 1, held=case(1))
    head = backup(database, pictures, tmp_path / "backup")
    edge.record(inspection(2), None, [])
    restored_pictures = Pictures(tmp_path / "elsewhere" / "frames")
    file = tmp_path / "elsewhere" / "store.db"
    assert restore(tmp_path / "backup", file, restored_pictures) == head
    other = Database.open(f"sqlite:///{file}", ledger_key=KEY, checkpoint=True)
    other.migrate()
    assert verify(other, head).broken_at is None
    again = ReviewRecords(other, restored_pictures)
    assert again.recent_inspections(LINE, 5) == review.recent_inspections(LINE, 5)[1:]
    assert again.frame_path(picture.sha256).read_bytes() == picture.encoded
    other.close()


def test_backup_and_restore_overwrite_nothing(database, pictures, tmp_path):
    backup(database, pictures, tmp_path / "backup")
    with pytest.raises(FileExistsError, match="exists already"):
        backup(database, pictures, tmp_path / "backup")
    with pytest.raises(FileExistsError, match="move it"):
        restore(tmp_path / "backup", tmp_path / "store.db", pictures)
    with pytest.raises(FileNotFoundError, match="no backup"):
        restore(tmp_path, tmp_path / "new.db", pictures)


def test_the_size_of_a_picture_is_in_its_head():
    jpeg = (
        b"\xff\xd8\xff\xe0"
        + struct.pack(">H", 4)
        + b"\0\0"
        + b"\xff\xc2"
        + struct.pack(">HBHH", 11, 8, 1024, 1280)
    )
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
    assert picture_size(jpeg) == (1280, 1024)
    assert picture_size(png) == (640, 480)
    assert picture_size(jpeg[:12]) is None
    assert picture_size(b"") is None
