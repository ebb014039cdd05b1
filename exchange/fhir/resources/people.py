"""Builds Practitioner from readers and referring providers, Organization and Location from sites and rooms."""

from clinic.models import Site, User
from exchange.fhir.resources.elements import (
    LOCAL,
    NPI_SYSTEM,
    Json,
    build_head,
    identifier,
    local_concept,
    site_reference,
)
from patients.models import ReferringProvider
from recalls.enums import Modality
from recalls.models import Room


def build_staff_practitioner(user: User) -> Json:
    profiles = ["us-core-practitioner"] if user.npi and user.last_name else []
    return {
        **build_head("Practitioner", f"staff-{user.pk}", user, *profiles),
        "identifier": [identifier(NPI_SYSTEM, user.npi)] if user.npi else [],
        "active": user.is_active,
        "name": [
            {"family": user.last_name, "given": [user.first_name], "text": user.get_full_name() or user.get_username()}
        ],
    }


def build_referring_practitioner(provider: ReferringProvider) -> Json:
    """The name as it was given: which part of it is the family name is not known."""
    return {
        **build_head("Practitioner", f"referrer-{provider.pk}", provider),
        "identifier": [identifier(NPI_SYSTEM, provider.npi)] if provider.npi else [],
        "name": [{"text": provider.name}],
        "telecom": [
            {"system": "phone", "value": provider.phone} if provider.phone else {},
            {"system": "email", "value": provider.email} if provider.email else {},
        ],
    }


def build_organization(site: Site) -> Json:
    return {
        **build_head("Organization", f"site-{site.pk}", site, "us-core-organization"),
        "identifier": [identifier(f"{LOCAL}site", site.code)],
        "active": True,
        "name": site.name,
        "telecom": [{"system": "phone", "value": site.phone}],
        "address": [_build_address(site)],
    }


def build_site_location(site: Site) -> Json:
    return {
        **build_head("Location", f"site-{site.pk}", site, "us-core-location"),
        "status": "active",
        "name": site.name,
        "mode": "instance",
        "telecom": [{"system": "phone", "value": site.phone}],
        "address": _build_address(site),
        "managingOrganization": site_reference(site),
    }


def build_room_location(room: Room) -> Json:
    """Needs `site`."""
    return {
        **build_head("Location", f"room-{room.pk}", room, "us-core-location"),
        "status": "active" if room.in_use else "inactive",
        "name": f"{room.site.name}, {room.name}",
        "mode": "instance",
        "type": [local_concept("modality", Modality(room.modality))],
        "managingOrganization": site_reference(room.site),
        "partOf": {"reference": f"Location/site-{room.site_id}"},
    }


def _build_address(site: Site) -> Json:
    return {
        "line": [site.address_line],
        "city": site.city,
        "state": site.state,
        "postalCode": site.postal_code,
        "country": site.country,
    }
