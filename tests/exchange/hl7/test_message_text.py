"""Holds that a message is read whatever its line ends, delimiters, escapes and character set, or says what is wrong."""

import pytest

from exchange.hl7.reading.reader import read_message
from tests.exchange.hl7.samples import MSH, PID, build_message


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
def test_a_message_is_read_with_any_line_end(line_end: str) -> None:
    text = build_message("ADT^A08", "EVN|A08", PID).decode().replace("\r", line_end)
    read = read_message(f"\x0b{text}{line_end}\x1c\r".encode())
    assert read.segments == ("MSH", "EVN", "PID")
    assert read.faults == ()


def test_a_line_feed_inside_the_text_of_a_report_is_text() -> None:
    read = read_message(build_message("ORU^R01", PID, "OBR|1||A1", "OBX|1|TX|R||Right breast:\nno mass.||||||F"))
    assert read.reports[0].text == "Right breast:\nno mass."


def test_odd_but_valid_delimiters_are_taken_from_the_header() -> None:
    text = build_message("ADT^A08", PID.replace("Testa", "Te\\T\\sta")).decode()
    odd = text.translate(str.maketrans("|^~\\&", "!@*%$"))
    name = read_message(odd.encode()).patients[0].name
    assert (name.family, name.given, name.middle) == ("Sample-Oak", "Te$sta", "Quill")


@pytest.mark.parametrize("header", ["MSH|^~\\\\&|A|B", "MSH|????|A|B|C", "MSH|^~|A|B|C", "MSH|^~AB|A|B|C"])
def test_delimiters_that_are_not_five_different_marks_are_a_fault(header: str) -> None:
    read = read_message(f"{header}\r{PID}".encode())
    assert [fault.place for fault in read.faults] == ["MSH-2"]
    assert read.patients == ()


@pytest.mark.parametrize("line", ["CORRUPTED", "BAD1|x", "X|y", "||E|||12345"])
def test_a_line_that_is_no_segment_is_a_fault_and_the_rest_is_read(line: str) -> None:
    read = read_message(build_message("ADT^A08", line, PID))
    assert "Line 2 is no segment" in read.faults[0].message
    assert read.patients[0].name.family == "Sample-Oak"


def test_two_messages_in_one_are_a_fault() -> None:
    one = build_message("ADT^A08", PID)
    assert "more than one message" in read_message(one + b"\r" + one).faults[0].message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Oak\F\Elm", "Oak|Elm"), (r"Oak\S\Elm", "Oak^Elm"), (r"Oak\R\Elm", "Oak~Elm"), (r"Oak\T\Elm", "Oak&Elm"),
        (r"Oak\E\F\E\Elm", r"Oak\F\Elm"), (r"Oak\X4F4B\Elm", "OakOKElm"), (r"\XC3A9\lan", "élan"),
        (r"Oak\.br\Elm", "Oak\nElm"), (r"Oak\H\Elm\N\ ", "OakElm "), (r"C:\temp\F\x", r"C:\temp|x"),
        (r"\xC3\xA9", r"\xC3\xA9"), (r"50\% of it", r"50\% of it"),
    ],
)  # fmt: skip
def test_an_escape_stands_for_what_it_means_and_what_is_none_stays(written: str, meant: str) -> None:
    read = read_message(build_message("ADT^A08", PID.replace("Sample-Oak", written)))
    assert read.patients[0].name.family == meant


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"), ("", "utf-8"), ("ASCII", "utf-8"), ("8859/1", "latin-1"), ("8859/2", "iso8859-2"),
        ("8859/15", "iso8859-15"), ("ISO IR100", "latin-1"), ("8859/1", "utf-8"), ("UNICODE UTF-16", "utf-16"),
    ],
)  # fmt: skip
def test_letters_are_read_as_declared_and_as_utf_8_where_they_are_that(declared: str, codec: str) -> None:
    text = build_message("ADT^A08", PID.replace("Testa", "Zoë"), msh=f"{MSH}||||||{declared}").decode()
    read = read_message(text.encode(codec))
    assert read.patients[0].name.given == "Zoë"
    assert read.faults == ()


def test_chinese_letters_of_gb18030_are_read_though_their_bytes_hold_delimiters() -> None:
    name = "\u4e57\u4e5b\u4e85\u4e8a"  # their second bytes are those of four delimiters
    text = build_message("ADT^A08", PID.replace("Testa", name), msh=f"{MSH}||||||GB 18030-2000").decode()
    assert read_message(text.encode("gb18030")).patients[0].name.given == name


def test_a_byte_order_mark_is_no_letter() -> None:
    assert read_message(b"\xef\xbb\xbf" + build_message("ADT^A08", PID)).segments[0] == "MSH"


@pytest.mark.parametrize("declared", ["UNICODE UTF-8", "", "KLINGON"])
def test_letters_that_are_not_as_declared_are_a_fault_until_the_sender_is_set_up(declared: str) -> None:
    text = build_message("ADT^A08", PID.replace("Testa", "Zoë"), msh=f"{MSH}||||||{declared}").decode()
    body = text.encode("iso8859-1")
    assert [fault.place for fault in read_message(body).faults] == ["MSH-18"]
    assert read_message(body, "latin-1").patients[0].name.given == "Zoë"
    assert read_message(body, "latin-1").faults == ()


@pytest.mark.parametrize("body", [b"", b"MSH", b"hello", b"\x00\xff\xfe", b"MSH|^~\\&|"])
def test_what_is_no_message_is_a_fault(body: bytes) -> None:
    assert read_message(body).faults


@pytest.mark.parametrize(
    ("type_", "evn", "expected"),
    [
        ("ADT^A08^ADT_A01", "EVN|A04", "ADT^A08"), ("ADT", "EVN|A04", "ADT^A04"), ("ORU", "EVN|", "ORU^R01"),
        ("ORU^^ORU_R01", "EVN|", "ORU^R01"), ("ADT_A31", "EVN|", "ADT^A31"), ("ADT", "EVN|", "ADT"),
    ],
)  # fmt: skip
def test_the_event_is_found_where_msh_9_does_not_name_it(type_: str, evn: str, expected: str) -> None:
    assert read_message(build_message(type_, evn, PID)).header.type == expected
