"""Imports every table once, so that the two collections of tables are complete."""

from tenants.models import SharedModel, TenantModel

TENANT_METADATA = TenantModel.metadata
SHARED_METADATA = SharedModel.metadata
