"""Imports every table once, so that the two collections of tables are complete."""

from hearth.accounts import models as accounts
from hearth.accounts import policy_models as policy
from hearth.aggregates import models as aggregates
from hearth.audit import models as audit
from hearth.break_glass import models as break_glass
from hearth.consents import models as consents
from hearth.documents import models as documents
from hearth.families import access_models as access
from hearth.families import models as families
from hearth.files import models as files
from hearth.giving import models as giving
from hearth.incidents import models as incidents
from hearth.intake import models as intake
from hearth.ledger import models as ledger
from hearth.outbox import models as outbox
from hearth.retention import models as retention
from hearth.sealing import models as sealing
from hearth.service_delivery import models as service_delivery
from hearth.shelter import models as shelter
from hearth.subject_rights import models as subject_rights
from tenants.models import SharedModel, TenantModel

MODULES = (
    access,
    accounts,
    aggregates,
    consents,
    audit,
    break_glass,
    documents,
    families,
    files,
    giving,
    incidents,
    intake,
    ledger,
    outbox,
    retention,
    policy,
    sealing,
    service_delivery,
    shelter,
    subject_rights,
)
TENANT_METADATA = TenantModel.metadata
SHARED_METADATA = SharedModel.metadata
