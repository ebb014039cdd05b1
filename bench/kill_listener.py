"""Kills the HL7 listener with signal 9 while two senders are at it, and counts what is lost or there twice.

MESSAGES and KILLS make it longer. A fresh database (SQLite, or one on the server of DATABASE_URL). Ends with status 1
when a message is missing, is stored twice, or is never applied.
"""

import os
import random
import sys
import time

from bench._hl7_feed import FACILITIES, Feed, free_port, make_report, set_up_senders, start_listener
from bench._test_installation import fresh_installation

MESSAGES = int(os.environ.get("MESSAGES", "10000"))
KILLS = int(os.environ.get("KILLS", "8"))


def main() -> int:
    chance = random.Random(11)
    with fresh_installation(free_port()) as installation:
        from exchange.models import Hl7Message
        from recalls.models import Recall, ScreeningExam

        set_up_senders()
        port, half = free_port(), MESSAGES // 2
        feeds = [Feed(port, [make_report(number, name) for number in range(half)]) for name in FACILITIES]
        process = start_listener(installation, port)
        for feed in feeds:
            feed.start()
        for number in range(1, KILLS + 1):
            aim = number * MESSAGES // (KILLS + 1)
            while sum(feed.sent for feed in feeds) < aim:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.3))
            process.kill()
            process = start_listener(installation, port, number)
        for feed in feeds:
            feed.join()
        while Hl7Message.objects.filter(state=Hl7Message.State.RECEIVED).exists():
            time.sleep(0.1)
        process.stop()
        whole = Hl7Message.objects.exclude(ack=Hl7Message.Ack.REJECTED)
        wanted = {f"{name[0]}{number}" for name in FACILITIES for number in range(half)}
        found = list(whole.values_list("control_id", flat=True))
        parked = whole.filter(state=Hl7Message.State.PARKED).count()
        exams, recalls = ScreeningExam.objects.count(), Recall.objects.count()
    missing, twice = len(wanted - set(found)), len(found) - len(set(found))
    print(
        f"{2 * half} reports of two senders, {KILLS} kills, {sum(feed.breaks for feed in feeds)} broken connections: "
        f"{missing} missing, {twice} stored twice, {parked} parked; {exams} exams, {recalls} recalls"
    )
    return 0 if missing == twice == parked == 0 and exams == 2 * half else 1


if __name__ == "__main__":
    sys.exit(main())
