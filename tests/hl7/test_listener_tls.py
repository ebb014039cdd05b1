"""On a network the listener wants TLS and knows its senders by their certificates."""

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from exchange.management.commands.listen_hl7 import get_tls_context
from exchange.models import Hl7Message
from tests.hl7.mllp_client import Sender, run_listener
from tests.hl7.sample_messages import ack_fields, make_oru

FOLDER = Path(__file__).parent / "tls"
FILES = {
    "tls_cert": str(FOLDER / "listener.pem"),
    "tls_key": str(FOLDER / "listener.key"),
    "client_ca": str(FOLDER / "ca.pem"),
}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "0.0.0.0"}, "need --tls-cert, --tls-key and --client-ca"),
        ({"host": "clinic.example.org", **FILES, "client_ca": None}, "need --tls-cert, --tls-key and --client-ca"),
        ({"tls_cert": FILES["tls_cert"]}, "both --tls-cert and --tls-key"),
        ({**FILES, "tls_key": FILES["client_ca"]}, "The files of TLS cannot be used"),
        ({**FILES, "client_ca": "/no/such/file"}, "The files of TLS cannot be used"),
    ],
)
def test_the_listener_does_not_start_where_messages_could_be_read(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("listen_hl7", port=0, **options)


@pytest.mark.django_db(transaction=True)
def test_only_a_sender_with_a_certificate_of_our_ca_is_heard() -> None:
    as_sender = ssl.create_default_context(cafile=FILES["client_ca"])
    as_stranger = ssl.create_default_context(cafile=FILES["client_ca"])
    as_sender.load_cert_chain(FOLDER / "sender.pem", FOLDER / "sender.key")
    with run_listener(tls=get_tls_context(FILES)) as port:
        with Sender(port, as_sender) as sender:
            assert ack_fields(sender.send(make_oru("1"))) == ["MSA", "AA", "1"]
        with Sender(port, as_stranger) as stranger, suppress(ssl.SSLError):  # an alert, or hung up upon
            assert stranger.send(make_oru("2")) == b""
        with Sender(port) as plain:
            assert plain.send(make_oru("3")) == b""
    assert list(Hl7Message.objects.values_list("control_id", flat=True)) == ["1"]
