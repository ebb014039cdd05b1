"""Helpers for tests of admin pages: addresses, a client that is signed in, the fields of the site form."""

from django.db.models import Model
from django.test import Client
from django.urls import reverse

from clinic.models import OpeningHours, Site, User


def changelist_url(model: type[Model]) -> str:
    """The address of the model's list in the admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def change_url(row: Model) -> str:
    """The address of the row's page in the admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def signed_in_client(user: User) -> Client:
    """A client of its own for this person."""
    client = Client()
    client.force_login(user)
    return client


def site_form_data(site: Site, **changes: str) -> dict[str, str]:
    """What the site page posts when nothing is changed, and the given changes."""
    form = {
        name: str(getattr(site, name))
        for name in (
            "code", "name", "sender_name", "contact_person", "phone", "address_line", "city", "state", "postal_code",
            "time_zone", "country", "subdivision", "send_from", "send_until", "assigning_authority", "date_order",
            "bare_zero", "birads_edition", "lost_after",
        )
    }  # fmt: skip
    hours = list(OpeningHours.objects.filter(site=site))
    rows = (("opening_hours", len(hours), len(hours) + 1), ("closures", 0, 1), ("ladder_rungs", 0, 0))
    for prefix, initial, total in rows:
        form |= {f"{prefix}-TOTAL_FORMS": str(total), f"{prefix}-INITIAL_FORMS": str(initial)}
    for at, row in enumerate(hours):
        form |= {
            f"opening_hours-{at}-id": str(row.pk),
            f"opening_hours-{at}-site": str(site.pk),
            f"opening_hours-{at}-weekday": str(row.weekday),
            f"opening_hours-{at}-opens": str(row.opens),
            f"opening_hours-{at}-closes": str(row.closes),
        }
    policy = site.policy
    form |= {"deadline_policy-TOTAL_FORMS": "1", "deadline_policy-INITIAL_FORMS": "1"}
    form |= {f"deadline_policy-0-{field.name}": str(getattr(policy, field.attname)) for field in policy._meta.fields}
    return form | changes
