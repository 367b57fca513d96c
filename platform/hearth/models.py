"""Imports every table once, so that the two collections of tables are complete."""

from hearth.accounts import models as accounts
from hearth.aggregates import models as aggregates
from hearth.consents import models as consents
from hearth.families import models as families
from hearth.giving import models as giving
from hearth.incidents import models as incidents
from hearth.intake import models as intake
from hearth.ledger import models as ledger
from hearth.outbox import models as outbox
from hearth.retention import models as retention
from hearth.service_delivery import models as service_delivery
from hearth.shelter import models as shelter
from hearth.subject_rights import models as subject_rights
from tenants.models import SharedModel, TenantModel

MODULES = (
    accounts,
    aggregates,
    consents,
    families,
    giving,
    incidents,
    intake,
    ledger,
    outbox,
    retention,
    service_delivery,
    shelter,
    subject_rights,
)
TENANT_METADATA = TenantModel.metadata
SHARED_METADATA = SharedModel.metadata
