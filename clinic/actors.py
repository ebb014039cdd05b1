"""Who did it: every action takes `by=`, a signed-in person or one of the named actors below, never nobody."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clinic.roles import Role, get_roles

if TYPE_CHECKING:
    from clinic.models import User


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that takes a step; `user` is None for the named actors without an account."""

    name: str
    roles: frozenset[Role]
    user: "User | None" = field(default=None, compare=False)

    def can_access_site(self, site_id: int) -> bool:
        """A person acts at their own sites only; the system, intake and a patient's own link are not bound to one."""
        return self.user is None or site_id in self.user.site_ids


SYSTEM = Actor("system", frozenset({Role.SYSTEM}))
INTAKE = Actor("intake", frozenset({Role.INTEGRATION}))
PATIENT = Actor("patient", frozenset({Role.PATIENT}))


def actor_for(who: "User | Actor") -> Actor:
    """The actor behind `by=`: an `Actor` as it is, a user with the roles of their groups."""
    if isinstance(who, Actor):
        return who
    return Actor(who.get_full_name() or who.get_username(), get_roles(who), who)
