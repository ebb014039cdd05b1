"""Tests the judge of the drills: each promise that is broken on purpose is found, and what is allowed is not."""

from dataclasses import replace

import pytest

from bench.drill.judge import (
    Copy,
    OwedMessage,
    Verdict,
    judge_facts,
    judge_messages,
    judge_same,
    judge_uncertain_end,
)
from bench.drill.outcome import FAILED, NOT_RUN, Drill, Line, Outcome, is_broken, make_empty_line, make_line
from bench.drill.table import format_table

ROW = OwedMessage(message_id="<1@example.org>", state="accepted", address="testa@example.org")
COPY = Copy(("testa@example.org",), "<1@example.org>", at=100.0)
TWICE = replace(ROW, may_have_arrived_twice=True)


def judge_one(row: OwedMessage, *copies: Copy, allowed_extra: int = 0) -> Verdict:
    return judge_messages(1, {"1": row}, {"1": copies} if copies else {}, allowed_extra=allowed_extra)


@pytest.mark.parametrize(
    "verdict",
    [
        judge_one(ROW, COPY),
        judge_one(TWICE, COPY, COPY, allowed_extra=1),
        judge_one(replace(ROW, state="failed", has_task=True)),
        judge_one(replace(ROW, state="to_print", has_task=True)),
        judge_one(replace(ROW, state="suppressed", stopped_at=50.0)),
        judge_one(replace(ROW, stopped_at=100.0), COPY),
        judge_one(replace(ROW, stopped_at=50.0, reason="in_flight"), COPY),
        judge_one(replace(ROW, stopped_at=50.0, reason="person_changed"), COPY),
        judge_one(replace(ROW, moved_at=150.0, former_address="testa@example.org", address="new@example.org"), COPY),
    ],
)
def test_what_the_promises_allow_is_kept(verdict: Verdict) -> None:
    assert verdict.is_kept
    assert not verdict.faults


@pytest.mark.parametrize(
    ("verdict", "lost", "extra", "wrong"),
    [
        pytest.param(judge_one(ROW), 1, 0, 0, id="said to be accepted, and never arrived"),
        pytest.param(judge_messages(2, {"1": ROW}, {"1": [COPY]}), 1, 0, 0, id="never planned"),
        pytest.param(judge_one(replace(ROW, state="sending"), COPY), 1, 0, 0, id="left being sent"),
        pytest.param(judge_one(replace(ROW, state="failed")), 1, 0, 0, id="failed without a task"),
        pytest.param(judge_one(replace(ROW, state="cancelled")), 1, 0, 0, id="cancelled and nobody cancelled it"),
        pytest.param(judge_one(TWICE, COPY, COPY), 0, 1, 0, id="more copies than were in flight"),
        pytest.param(judge_one(ROW, COPY, COPY, allowed_extra=1), 0, 1, 1, id="a copy and no mark"),
        pytest.param(judge_one(ROW, replace(COPY, message_id="<2@x>")), 0, 0, 1, id="another Message-ID"),
        pytest.param(judge_one(ROW, replace(COPY, recipients=("b@example.org",))), 0, 0, 1, id="another recipient"),
        pytest.param(
            judge_one(ROW, replace(COPY, recipients=(ROW.address, "b@example.org"))), 0, 0, 1, id="two recipients"
        ),
        pytest.param(judge_one(replace(ROW, stopped_at=99.9), COPY), 0, 0, 1, id="after an opt-out"),
        pytest.param(
            judge_one(replace(ROW, moved_at=99.9, former_address="testa@example.org", address="n@example.org"), COPY),
            0, 0, 1, id="to a former address",
        ),
        pytest.param(judge_messages(0, {}, {"9": [COPY]}), 0, 0, 1, id="that nobody owed"),
    ],
)  # fmt: skip
def test_each_broken_promise_is_found(verdict: Verdict, lost: int, extra: int, wrong: int) -> None:
    assert (verdict.lost, verdict.extra, verdict.wrong) == (lost, extra, wrong)
    assert not verdict.is_kept
    assert verdict.faults


def test_a_copy_that_a_restored_database_cannot_know_of_needs_no_mark() -> None:
    assert judge_messages(1, {"1": ROW}, {"1": [COPY, COPY]}, allowed_extra=1, forgotten=frozenset({"1"})).is_kept


def test_a_message_without_an_answer_must_end_with_a_person_after_three_tries() -> None:
    ended = replace(TWICE, state="failed", has_task=True)
    assert judge_uncertain_end(ended, [COPY] * 3, 3).is_kept
    assert not judge_uncertain_end(ended, [COPY] * 4, 3).is_kept
    assert not judge_uncertain_end(replace(ended, has_task=False), [COPY] * 3, 3).is_kept
    assert not judge_uncertain_end(replace(ended, state="planned"), [COPY] * 3, 3).is_kept


def test_what_is_missing_is_lost_and_what_is_there_twice_is_extra() -> None:
    verdict = judge_same({"a": 1, "b": 1}, {"a": 2})
    assert (verdict.lost, verdict.extra, verdict.is_kept) == (1, 1, False)
    assert judge_same({"a": 1}, {"a": 1}).is_kept


def test_verdicts_add_up() -> None:
    both = judge_facts({"reading goes on": False}) + judge_one(ROW)
    assert (both.lost, both.wrong, both.is_kept) == (1, 1, False)


def make_lines(verdict: Verdict) -> list[Line]:
    drill = Drill("kill-all", "Nothing is lost", lambda _stack, _scale: Outcome("1 message", verdict))
    return [make_line(drill, 22, 1.0, Outcome("1 message", verdict, 2.0))]


def test_the_table_says_what_was_lost_and_the_run_ends_as_broken() -> None:
    lines = make_lines(judge_one(ROW))
    assert is_broken(lines)
    assert format_table(lines).splitlines()[-2:] == [
        "  kill-all (22)  1 message  1     0      0      2.0 s     BROKEN",
        "      1 times: left accepted",
    ]
    assert not is_broken(make_lines(judge_one(ROW, COPY)))


def test_a_drill_that_breaks_off_counts_as_broken_and_one_that_cannot_run_here_is_named() -> None:
    drill = Drill("disk-full", "A full disk loses nothing", lambda _stack, _scale: Outcome("", Verdict()))
    assert is_broken([make_empty_line(drill, 22, FAILED, "broke off: KeyError")])
    left_out = [make_empty_line(drill, 22, NOT_RUN, "a small disk cannot be mounted here")]
    assert not is_broken(left_out)
    assert "a small disk cannot be mounted here" in format_table(left_out)
    assert "not run" in format_table(left_out)
