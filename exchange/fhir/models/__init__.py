"""Models of the FHIR app."""

from exchange.fhir.models.clients import AccessToken as AccessToken
from exchange.fhir.models.clients import RateCounter as RateCounter
from exchange.fhir.models.clients import ServiceClient as ServiceClient
from exchange.fhir.models.export_job import ExportJob as ExportJob
from exchange.fhir.models.received_appointment import ReceivedAppointment as ReceivedAppointment
from exchange.fhir.models.stored_search import StoredSearch as StoredSearch
from exchange.fhir.models.webhooks import WebhookDelivery as WebhookDelivery
from exchange.fhir.models.webhooks import WebhookSubscription as WebhookSubscription
