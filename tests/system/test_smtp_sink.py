"""Holds that the mail server of the tests fails in the ways that it claims."""

import smtplib
import socket

import pytest
from pytest_socket import SocketConnectBlockedError

from tests.support.smtp_sink import SmtpReply, SmtpSink


def _send(sink: SmtpSink, recipient: str = "testa@example.org") -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        client.sendmail("recalls@example.org", [recipient], "Subject: A message\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n")


def test_it_keeps_what_it_accepts(smtp_sink: SmtpSink) -> None:
    _send(smtp_sink)
    (received,) = smtp_sink.received
    assert received.recipients == ("testa@example.org",)
    assert received.message["Message-ID"] == "<1@x>"


@pytest.mark.parametrize(("answer", "code"), [(SmtpReply.BUSY, 451), (SmtpReply.REFUSE, 550)])
def test_it_says_no_and_keeps_nothing(smtp_sink: SmtpSink, answer: SmtpReply, code: int) -> None:
    smtp_sink.reply = answer
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        _send(smtp_sink)
    assert refusal.value.smtp_code == code
    assert smtp_sink.received == []


@pytest.mark.parametrize(("answer", "kept"), [(SmtpReply.DROP_CONNECTION, 0), (SmtpReply.ACCEPT_WITHOUT_REPLY, 1)])
def test_it_cuts_the_connection_before_or_after_keeping_the_message(
    smtp_sink: SmtpSink, answer: SmtpReply, kept: int
) -> None:
    smtp_sink.reply = answer
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        _send(smtp_sink)
    assert len(smtp_sink.received) == kept


def test_it_can_refuse_one_person_alone(smtp_sink: SmtpSink) -> None:
    smtp_sink.reply = lambda recipient: SmtpReply.REFUSE if recipient.startswith("gone") else SmtpReply.ACCEPT
    _send(smtp_sink)
    with pytest.raises(smtplib.SMTPDataError):
        _send(smtp_sink, "gone@example.org")
    assert len(smtp_sink.received) == 1


def test_no_test_reaches_another_machine() -> None:
    with pytest.raises(SocketConnectBlockedError), socket.socket() as stranger:
        stranger.connect(("192.0.2.1", 80))
