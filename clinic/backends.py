"""Authentication backend: reads the user with roles, sites, their deadlines and contact ladders in one query."""

from datetime import datetime
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from clinic.models import DeadlinePolicy, EmergencyAccess, LadderRung, Site, User
from clinic.queries.prepared import PreparedQuery
from clinic.roles import cache_roles
from clinic.union_fetch import as_union, build_instances, set_prefetched, set_related


def _build_query(user: int, now: datetime) -> "QuerySet[Any, Any]":
    emergencies = EmergencyAccess.objects.filter(user=user, ends_at__gt=now)
    here = Q(pk__in=User.sites.through.objects.filter(user=user).values("site"))
    sites = Site.objects.filter(here | Q(pk__in=emergencies.values("site")))
    return as_union(
        people=User.objects.filter(pk=user),
        groups=Group.objects.filter(user=user),
        sites=sites,
        rungs=LadderRung.objects.filter(site__in=sites),
        policies=DeadlinePolicy.objects.filter(site__in=sites),
        deputies=User.objects.filter(pk__in=sites.values("results_deputy")),
        emergencies=emergencies,
    )


_MODELS: dict[str, type[Model]] = {
    "people": User,
    "groups": Group,
    "sites": Site,
    "rungs": LadderRung,
    "policies": DeadlinePolicy,
    "deputies": User,
    "emergencies": EmergencyAccess,
}
_QUERY = PreparedQuery(_build_query)


class StaffBackend(ModelBackend):
    """Django's own, which also reads what every staff page needs next (docs/decisions/0011)."""

    def get_user(self, user_id: Any) -> User | None:
        found = build_instances(_QUERY.rows(user=int(user_id), now=timezone.now()), _MODELS)
        user: User | None = next(iter(found["people"]), None)
        if user is None or not self.user_can_authenticate(user):
            return None
        cache_roles(user, (group.name for group in found["groups"]))
        policies = {policy.site_id: policy for policy in found["policies"]}
        deputies = {deputy.pk: deputy for deputy in found["deputies"]}
        for site in found["sites"]:
            set_prefetched(site, ladder_rungs=[rung for rung in found["rungs"] if rung.site_id == site.pk])
            set_related(site, "deadline_policy", policies.get(site.pk))
            site.results_deputy = deputies.get(site.results_deputy_id)
        user.emergencies = tuple(found["emergencies"])
        user.own_sites = tuple(sorted(found["sites"], key=lambda site: site.name))
        return user
