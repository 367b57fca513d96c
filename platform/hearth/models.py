"""Imports every table once, so that the two collections of tables are complete."""

from hearth.accounts import models as accounts
from hearth.accounts import policy_models as policy
from hearth.aggregates import models as aggregates
from hearth.audit import models as audit
from hearth.break_glass import models as break_glass
from hearth.documents import models as documents
from hearth.families import access_models as access
from hearth.families import models as families
from hearth.files import models as files
from hearth.giving import models as giving
from hearth.intake import models as intake
from hearth.ledger import models as ledger
from hearth.outbox import models as outbox
from hearth.sealing import models as sealing
from hearth.service_delivery import models as service_delivery
from hearth.shelter import models as shelter
from tenants.models import SharedModel, TenantModel

MODULES = (
    access,
    accounts,
    aggregates,
    audit,
    break_glass,
    documents,
    families,
    files,
    giving,
    intake,
    ledger,
    outbox,
    policy,
    sealing,
    service_delivery,
    shelter,
)
TENANT_METADATA = TenantModel.metadata
SHARED_METADATA = SharedModel.metadata
