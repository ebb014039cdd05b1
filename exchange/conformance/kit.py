"""Runs checks against a running instance and prints what passed and failed in each profile."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


class CheckFailed(Exception):
    """What was found instead of what the profile asks for; `str()` holds nothing of a patient."""


class NothingToCheck(Exception):
    """The instance has no data of the kind that the check needs."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of a profile. `run` raises CheckFailed or NothingToCheck."""

    profile: str
    rule: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended: "passed", "failed" or "no data"."""

    check: Check
    result: str
    reason: str = ""


def expect(is_right: bool, found: object) -> None:
    """Raise CheckFailed with what was found unless it is right."""
    if not is_right:
        raise CheckFailed(f"found {found}")


def run_checks(checks: Iterable[Check]) -> Iterator[CheckResult]:
    """Each check by itself: one that cannot reach the instance fails, and the next is tried."""
    for check in checks:
        try:
            check.run()
        except CheckFailed as failed:
            yield CheckResult(check, "failed", str(failed))
        except NothingToCheck as nothing:
            yield CheckResult(check, "no data", str(nothing))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            yield CheckResult(check, "failed", f"the answer could not be read ({type(error).__name__})")
        else:
            yield CheckResult(check, "passed")


def format_table(results: Iterable[CheckResult]) -> str:
    """A line for each profile, and one for each check that did not pass."""
    by_profile: dict[str, list[CheckResult]] = {}
    for one in results:
        by_profile.setdefault(one.check.profile, []).append(one)
    width = max((len(profile) for profile in by_profile), default=0)
    lines = [f"{'profile':{width}}  passed  failed  no data"]
    for profile, several in by_profile.items():
        passed, failed, empty = (sum(one.result == kind for one in several) for kind in ("passed", "failed", "no data"))
        lines.append(f"{profile:{width}}  {passed:6}  {failed:6}  {empty:7}")
        lines += [f"  {one.result}: {one.check.rule}: {one.reason}" for one in several if one.result != "passed"]
    return "\n".join(lines)
