"""Lists the drills by the installation they run on, each with the promise that it tries to break."""

from dataclasses import dataclass
from functools import partial

from bench.drill import (
    alarms,
    changes,
    clock,
    crashes,
    disk,
    earlier_times,
    ends,
    forms,
    held_times,
    intake,
    letters,
    races,
)  # fmt: skip
from bench.drill.outcome import Drill

POSTGRES, SQLITE = "postgres", "sqlite"
_KILLED = "A killed process loses no message; copies only of what was in flight, marked, under the same Message-ID"
_ONCE = "Nothing is lost and nothing is sent twice"
_IN_FLIGHT = "Nothing is lost; copies only of what was in flight"
_RACE = "Nothing leaves, or leaves to a former address, after the act was committed; what was in flight is told"
_FORMS = "A form is saved once or not at all, however often it is sent"
_UNCLEAR = "A message without an answer ends with a person's task after three tries, and delays no other"
_DISK = "A full disk: reading goes on, forms are refused whole with 503, nothing is lost, all goes on by itself"
_INTAKE = "What comes in is taken once, whenever intake is killed"
_LETTERS = "Each letter is printed once and noted once"
_HELD = "Each time is held once and lapses once, in the history too; no room is overfilled"
_OFFER = "Of many who say yes one has the time, the others keep theirs and are told; nothing is overfilled"
_OFFERED = "Each who waits is offered one time and written of it once; what ran out moves nobody"
_ALARM = "The operator is called by mail and webhook when a part, a message or a clock is late"
_CLOCK = "Whatever the clock does, a message leaves once or, past its use, not at all"


@dataclass(frozen=True, slots=True)
class Scene:
    """An installation of its own, in a process of its own, with the drills that follow each other on it."""

    name: str
    database: str
    drills: tuple[Drill, ...]
    has_small_disk: bool = False


_CRASHES = (
    Drill("kill-all", _KILLED, crashes.kill_everything, is_in_short_form=True, is_in_ci=True),
    Drill("kill-child", _KILLED, crashes.kill_children, is_in_short_form=True),
    Drill("redis-wiped", _ONCE, crashes.wipe_redis, is_in_short_form=True, is_in_ci=True),
    Drill("redis-away", _ONCE, crashes.lose_redis),
    Drill("postgres-crash", _IN_FLIGHT, crashes.crash_postgres, is_in_short_form=True, is_in_ci=True),
    Drill("mail-faults", _IN_FLIGHT, crashes.lose_mail_answers, is_in_short_form=True),
    Drill("commit-answer-lost", _IN_FLIGHT, crashes.cut_database_answers),
    Drill("mail-hangs", _IN_FLIGHT, crashes.hang_mail),
    Drill("database-hangs", _IN_FLIGHT, crashes.hang_database),
    Drill(
        "stop", "SIGTERM ends a worker in 30 s, leaves nothing half done and sends nothing twice", crashes.stop_in_time
    ),
)
_RACES = (
    Drill("opt-out-page", _RACE, partial(races.race, races.opt_out_on_page), is_in_short_form=True, is_in_ci=True),
    Drill("opt-out-link", _RACE, partial(races.race, races.opt_out_by_link)),
    Drill("opt-out-intake", _RACE, partial(races.race, races.opt_out_by_intake)),
    Drill("new-address-desk", _RACE, partial(races.race, races.give_new_address)),
    Drill("new-address-intake", _RACE, partial(races.race, races.new_address_by_intake), is_in_short_form=True),
    Drill("death", _RACE, partial(races.race, races.record_death)),
    Drill("cancelled-visit", _RACE, partial(races.race, races.cancel_visit), is_in_short_form=True),
)
_ENDS = (
    Drill("answer-always-lost", _UNCLEAR, ends.lose_every_answer, is_in_short_form=True),
    Drill("copy-never-kept", _UNCLEAR, ends.refuse_copy),
    Drill("sender-always-dies", _UNCLEAR, ends.kill_each_sender),
    Drill("downtime-sheet", "The downtime sheet holds every call that is due, at every site", ends.write_sheet),
    Drill(
        "hidden-recall", "No open recall is without a next step and unnoticed", ends.hide_recalls, is_in_short_form=True
    ),
)
_ALARMS = (
    Drill("alarm-workers", _ALARM, alarms.miss_workers),
    Drill("alarm-mail", _ALARM, alarms.miss_mail),
)
_FORM_DRILLS = (
    Drill("web-killed", _FORMS, forms.kill_web, is_in_short_form=True, is_in_ci=True),
    Drill("form-twice", _FORMS, forms.send_twice),
    Drill("one-slot", "Of many who want one time, one has it and the others are told", forms.want_one_slot),
)
_TIME_DRILLS = (
    Drill("held-killed", _HELD, held_times.hold_under_kills, is_in_short_form=True, is_in_ci=True),
    Drill("held-postgres-crash", _HELD, held_times.hold_over_database_crash),
    Drill("patients-web-killed", _FORMS, held_times.kill_web_under_patients, is_in_short_form=True),
    Drill("offer-race", _OFFER, earlier_times.want_one_offer, is_in_short_form=True),
    Drill("offers-killed", _OFFERED, earlier_times.kill_over_offers),
)
_INTAKE_DRILLS = (
    Drill("results-file", _INTAKE, intake.kill_load),
    Drill("hl7", _INTAKE, intake.kill_listener, is_in_short_form=True, is_in_ci=True),
)
SCENES = (
    Scene(
        "PostgreSQL",
        POSTGRES,
        (
            *_CRASHES,
            *_RACES,
            *_ENDS,
            *_ALARMS,
            *_FORM_DRILLS,
            *_TIME_DRILLS,
            *_INTAKE_DRILLS,
            Drill("letters", _LETTERS, letters.kill_over_letters),
            Drill("rolling-restart", "Old and new program side by side: " + _ONCE.lower(), changes.roll_over),
            Drill("clock-steps", _CLOCK, clock.step_clock),
            Drill("mail-away-a-day", _CLOCK, clock.lose_mail_for_a_day),
            Drill("restore", "A copy brought back sends nothing until a person lets it", changes.restore_copy),
        ),
    ),
    Scene("PostgreSQL on a small disk", POSTGRES, (Drill("disk-full", _DISK, disk.fill_disk),), has_small_disk=True),
    Scene(
        "SQLite",
        SQLITE,
        (
            Drill("kill-all-sqlite", _KILLED, crashes.kill_everything),
            Drill("kill-child-sqlite", _KILLED, crashes.kill_children),
            Drill("letters-sqlite", _LETTERS, letters.kill_over_letters),
            Drill("web-killed-sqlite", _FORMS, forms.kill_web),
            Drill("held-killed-sqlite", _HELD, held_times.hold_under_kills),
            Drill("patients-web-killed-sqlite", _FORMS, held_times.kill_web_under_patients),
            Drill("offer-race-sqlite", _OFFER, earlier_times.want_one_offer),
        ),
    ),
    Scene("SQLite on a small disk", SQLITE, (Drill("disk-full-sqlite", _DISK, disk.fill_disk),), has_small_disk=True),
)
