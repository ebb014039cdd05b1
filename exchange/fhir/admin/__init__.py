"""Admin pages of the FHIR app."""

from exchange.fhir.admin import clients as clients
from exchange.fhir.admin import webhooks as webhooks
