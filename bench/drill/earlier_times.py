"""Drills offers of earlier times: many say yes at one instant by every way, and workers are killed while they offer."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from bench.drill.batch import patiently
from bench.drill.forms import booking_form, open_recalls, send_at_once
from bench.drill.installation.pages import open_patients_page
from bench.drill.installation.stack import CONCURRENCY, IN_FLIGHT, RECOVERY_SECONDS, WORKERS, Stack
from bench.drill.judge import Verdict, judge_facts, judge_same
from bench.drill.outcome import Outcome, Scale


def want_one_offer(stack: Stack, scale: Scale) -> Outcome:
    """All who were offered one time say yes at once, by page and by text message, and a desk books it as well."""
    from notifications.inbound.sms_replies import handle_sms_reply
    from recalls.models import Appointment, EarlierOffer

    count, rounds = scale.pick(short=6, long=16), scale.pick(short=1, long=4)
    verdict, winners = Verdict(), Counter[str]()
    for _round in range(rounds):
        recalls, browser, slots = open_recalls(stack, count + 2)
        *waiting, leaving, other = recalls
        for recall, slot in zip(waiting, slots, strict=False):
            _wait_from(recall, slot)
        freed = _free_a_time(leaving, slots[-1], batch=count)
        offered = EarlierOffer.objects.filter(starts_at=freed, entry__appointment__recall__in=waiting)
        stack.wait_for(partial(_has_reached, offered, count))  # a beat may be offering it at this instant
        offers = list(offered)
        sends = list[partial[Any]]()
        for number, offer in enumerate(offers):
            patient = offer.entry.appointment.recall.patient
            if number % 2:
                _note_texted(offer)
                mobile = patient.contact_points.get(kind="mobile").value
                sends.append(partial(_in_thread, partial(handle_sms_reply, mobile, "1")))
            else:
                page = open_patients_page(stack.web_port, patient)
                sends.append(partial(page.post_until_saved, "/my/earlier/", {"offer": offer.pk, "answer": "yes"}))
        sends.append(partial(browser.post, *booking_form(other, _slot_text(leaving, freed))))
        send_at_once(sends, len(sends))
        answers = Counter(
            EarlierOffer.objects.filter(pk__in=[one.pk for one in offers]).values_list("answer", flat=True)
        )
        at_it = Appointment.objects.filter(site=recalls[0].site, starts_at=freed, status="booked")
        winners["a patient" if answers["taken"] else "the desk"] += 1
        verdict += judge_same({"visit at the time": 1, "visits": count}, {
            "visit at the time": at_it.count(),
            "visits": Appointment.objects.filter(recall__in=waiting, status="booked").count(),
        })  # fmt: skip
        verdict += judge_same({"offer": count, "told": count - answers["taken"]}, {
            "offer": len(offers), "told": answers["lost"],
        })  # fmt: skip
        # Who was answering at that instant is told by the next run.
        told = stack.wait_for(partial(_are_told, offers), RECOVERY_SECONDS)
        verdict += judge_facts({"the others are told": told})
    return Outcome(f"{rounds} times, {count} say yes at once and a desk books: {dict(winners)}", verdict)


def _has_reached(rows: Any, mark: int) -> bool:
    return bool(patiently(rows.count) >= mark)


def _are_told(offers: Sequence[Any]) -> bool:
    """Whoever was written of the time has a kind word planned or sent."""
    from notifications.models import Notification

    lost = [offer for offer in offers if type(offer).objects.get(pk=offer.pk).answer == "lost"]
    written = [one for one in lost if _texts(one).exclude(accepted_at=None).exists()]
    told = Notification.objects.filter(kind="earlier_taken", occasion__in=[f"taken-{one.pk}" for one in written])
    return bool(told.count() == len(written))


def _in_thread(act: Any) -> None:
    from django.db import connection

    try:
        act()
    finally:
        connection.close()


def _texts(offer: Any) -> Any:
    from notifications.models import Notification

    return Notification.objects.filter(kind="earlier_offer", occasion=f"offer-{offer.pk}")


def _note_texted(offer: Any) -> None:
    """As if a text message had said it."""
    from django.utils import timezone

    _texts(offer).update(channel="sms", state="accepted", accepted_at=timezone.now(), lease_until=None)


def kill_over_offers(stack: Stack, scale: Scale) -> Outcome:
    """Workers are killed while freed times are offered and written of; what ran out unanswered moves nobody."""
    from django.utils import timezone

    from notifications.models import Notification
    from recalls.models import Appointment, EarlierOffer, SlotPolicy

    count, kills = scale.pick(short=15, long=60), scale.pick(short=2, long=8)
    freed_times = count // 3
    recalls, _browser, slots = open_recalls(stack, count + freed_times)
    waiting, leaving = recalls[:count], recalls[count:]
    for recall, slot in zip(waiting, slots, strict=False):
        _wait_from(recall, slot)
    for recall, slot in zip(leaving, slots[count:], strict=True):
        _free_a_time(recall, slot, batch=3, offers=False)
    offers = EarlierOffer.objects.filter(entry__appointment__recall__in=waiting)
    for _kill in range(kills):
        worker, child = scale.chance.randrange(WORKERS), scale.chance.randrange(CONCURRENCY)
        seen = patiently(offers.count)
        stack.workers[worker].kill_a_child(child)
        stack.wait_for(partial(_has_reached, offers, min(seen + 1, count)), 20)
    stack.wait_for(lambda: patiently(offers.count) >= count)
    rows = Notification.objects.filter(kind="earlier_offer", recall__in=waiting)
    stack.wait_for(lambda: patiently(rows.filter(state__in=("planned", "sending")).count) == 0)
    found = Counter(patiently(lambda: list(offers.values_list("entry__appointment__recall", flat=True))))
    verdict = judge_same(
        {f"offer to {recall.pk}": 1 for recall in waiting}, {f"offer to {pk}": n for pk, n in found.items()}
    )
    messages = Counter(patiently(lambda: list(rows.values_list("occasion", flat=True))))
    verdict += judge_same({f"offer-{pk}": 1 for pk in offers.values_list("pk", flat=True)}, messages)
    most = Counter(offers.values_list("room", "starts_at"))
    before = list(Appointment.objects.filter(recall__in=waiting).order_by("pk").values_list("pk", "starts_at"))
    made = list(offers.select_related("entry__appointment__recall__patient"))
    SlotPolicy.objects.filter(site=waiting[0].site).update(offers_earlier=False)  # nothing else is offered for them
    offers.filter(pk__in=[offer.pk for offer in made]).update(expires_at=timezone.now())
    for offer in made:
        page = open_patients_page(stack.web_port, offer.entry.appointment.recall.patient)
        page.post_until_saved("/my/earlier/", {"offer": offer.pk, "answer": "yes"})
    after = list(Appointment.objects.filter(recall__in=waiting).order_by("pk").values_list("pk", "starts_at"))
    facts = {
        "no time is offered to more than three": max(most.values(), default=0) <= 3,
        "what ran out moves nobody": before == after,
        "each copy is of what was in flight": _count_extra(stack, rows) <= kills * IN_FLIGHT,
    }
    return Outcome(f"{count} who wait, {freed_times} freed times, {kills} kills", verdict + judge_facts(facts))


def _count_extra(stack: Stack, rows: Any) -> int:
    owed = {str(number) for number in rows.values_list("public_id", flat=True)}
    arrived = Counter(entry["number"] for entry in stack.mail.entries() if entry["number"] in owed)
    return sum(copies - 1 for copies in arrived.values())


def _wait_from(recall: Any, slot: str) -> None:
    """Booked at that time ten days ahead, and on the list for an earlier one."""
    from clinic.factories import get_site_staff
    from recalls import actions
    from recalls.models import Room
    from recalls.scheduling.slots import parse_slot

    found = parse_slot(slot, Room.objects.filter(site=recall.site))
    assert found is not None
    staff = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, found[1], room=found[0]), by=staff)
    actions.ask_earlier(recall, by=staff)


def _free_a_time(recall: Any, slot: str, *, batch: int, offers: bool = True) -> Any:
    """Book the recall some days before that time and cancel it; the instant that became free."""
    from clinic.factories import get_site_staff
    from recalls import actions
    from recalls.models import Room, SlotPolicy
    from recalls.scheduling.slots import parse_slot

    found = parse_slot(slot, Room.objects.filter(site=recall.site))
    assert found is not None
    room, starts_at = found
    local = starts_at.astimezone(recall.site.zone) - timedelta(days=3)
    while local.weekday() > 4:
        local -= timedelta(days=1)
    staff = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, local, room=room), by=staff)
    actions.cancel_appointment(recall, by=staff)
    SlotPolicy.objects.get_or_create(site=recall.site, defaults={"offers_earlier": True, "offer_batch": batch})
    if offers:
        actions.offer_earlier_times()
    return local


def _slot_text(recall: Any, starts_at: Any) -> str:
    room = recall.appointments.get().room_id
    return f"{room}@{starts_at.isoformat(timespec='minutes')}"
