"""The audit: whatever is done to a row afterwards is found, and the row is named."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from home.context import Context
from orchestrate.records.audit import (
    ChainBroken,
    HeadRequest,
    VerifyRequest,
    erase,
    hash_of,
    head,
    record,
    verify,
)

ROWS = 12


def write(context: Context, count: int = ROWS) -> None:
    for number in range(count):
        with context.state.transaction() as connection:
            record(
                connection,
                at=context.clock.now(),
                actor="ada",
                action="decide",
                subject=f"task-{number}",
                outcome="appröved",
                note=None,
            )


def broken_at(context: Context, kept: str | None = None) -> int:
    with pytest.raises(ChainBroken) as found:
        verify(context, VerifyRequest(head=kept))
    return found.value.seq


def test_a_chain_that_nobody_touched_is_whole(context: Context) -> None:
    assert verify(context, VerifyRequest()).rows == 0
    write(context)
    found = verify(context, VerifyRequest())
    assert (found.ok, found.rows, found.erased) == (True, ROWS, 0)
    assert head(context, HeadRequest()).hash == found.hash


@pytest.mark.parametrize("column", ["at", "action", "actor", "subject", "detail", "salt", "digest", "hash"])
def test_a_changed_value_is_found(context: Context, column: str) -> None:
    write(context)
    context.state.execute(f"update audit set {column} = 'x' where seq = 5")
    assert broken_at(context) == 5


@pytest.mark.parametrize("seq", [1, 5, ROWS])
def test_a_deleted_row_is_found(context: Context, seq: int) -> None:
    write(context)
    context.state.execute("delete from audit where seq = :seq", {"seq": seq})
    assert broken_at(context) == seq


def test_a_deleted_row_whose_followers_moved_up_is_found(context: Context) -> None:
    write(context)
    context.state.execute("delete from audit where seq = 5")
    for seq in range(6, ROWS + 1):
        context.state.execute("update audit set seq = seq - 1 where seq = :seq", {"seq": seq})
    assert broken_at(context) == 5


def test_two_rows_in_each_others_place_are_found(context: Context) -> None:
    write(context)
    for old, new in ((5, -5), (6, 5), (-5, 6)):
        context.state.execute("update audit set seq = :new where seq = :old", {"old": old, "new": new})
    assert broken_at(context) == 5


def test_an_inserted_row_is_found(context: Context) -> None:
    write(context)
    context.state.execute(
        "insert into audit select seq + 1, format, at, action, actor, subject, detail, salt, digest, hash"
        f" from audit where seq = {ROWS}"
    )
    assert broken_at(context) == ROWS + 1


def test_a_chain_rewritten_as_a_whole_is_found_by_an_exported_head(context: Context) -> None:
    write(context)
    kept = next(head(context, HeadRequest()).lines())
    rows = context.state.rows("select * from audit order by seq")
    previous = ""
    for row in rows:
        row["action"] = "cancel"
        previous = hash_of(previous, row)
        context.state.execute(
            "update audit set action = 'cancel', hash = :hash where seq = :seq",
            {"hash": previous, "seq": row["seq"]},
        )
    context.state.execute("update audit_head set hash = :hash", {"hash": previous})
    assert verify(context, VerifyRequest()).ok  # a chain alone cannot tell
    assert broken_at(context, kept) == ROWS


def test_a_tail_cut_off_together_with_the_head_is_found_by_an_exported_head(context: Context) -> None:
    write(context)
    kept = next(head(context, HeadRequest()).lines())
    context.state.execute("delete from audit where seq > 9")
    context.state.execute("update audit_head set seq = 9, hash = (select hash from audit where seq = 9)")
    assert broken_at(context, kept) == 10


def test_an_older_head_still_verifies_a_chain_that_grew(context: Context) -> None:
    write(context)
    kept = next(head(context, HeadRequest()).lines())
    write(context, 3)
    assert verify(context, VerifyRequest(head=kept)).rows == ROWS + 3


def test_erased_content_leaves_the_chain_whole_only_with_an_erasure_on_record(context: Context) -> None:
    write(context)
    with context.state.transaction() as connection:
        erase(connection, [3, 4], at=context.clock.now(), actor="ada", reason="asked to be forgotten")
    found = verify(context, VerifyRequest())
    assert (found.rows, found.erased) == (ROWS + 1, 2)
    context.state.execute("update audit set actor='', subject='', detail=null, salt=null where seq = 6")
    assert broken_at(context) == 6


def test_a_record_goes_with_its_transaction(context: Context) -> None:
    write(context, 2)
    with pytest.raises(ZeroDivisionError), context.state.transaction() as connection:
        record(connection, at=context.clock.now(), actor="ada", action="start", subject="run-1")
        raise ZeroDivisionError
    assert verify(context, VerifyRequest()).rows == 2


def test_writers_at_once_make_one_chain(context: Context) -> None:
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(write, context, 25) for _ in range(8)]:
            done.result()
    assert verify(context, VerifyRequest()).rows == 200
    rows = context.state.rows("select count(distinct hash) as hashes from audit")
    assert rows == [{"hashes": 200}]
