"""Runs a mail server for the benchmarks that accepts everything and reports what it received."""

import json
import sys
from email.parser import BytesHeaderParser

from tests.support.smtp_sink import SmtpSink


def main() -> int:
    with SmtpSink() as sink:
        print(sink.port, flush=True)
        for question in sys.stdin:
            if question.strip() == "count":
                print(len(sink.received), flush=True)
            else:
                heads = [(one.recipients[0], BytesHeaderParser().parsebytes(one.raw)) for one in sink.received]
                told = [(to, str(head["X-Notification-ID"]), str(head["Message-ID"])) for to, head in heads]
                print(json.dumps(told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
