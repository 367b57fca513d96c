"""Somebody who signs in by her id, and an organisation whose tests may commit.

The organisation is made for them and dropped with all they wrote.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts import sessions
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.sessions import Assurance
from tenants import context, provisioning
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.support.visitors import Visitor


@pytest.fixture
def enter(session: Session, visitor: Callable[..., Visitor]) -> Callable[[uuid.UUID], Visitor]:
    """Sign somebody in whom no role alone names."""

    def sign_in(user_id: uuid.UUID) -> Visitor:
        client = visitor("spb")
        token = sessions.start_session(
            session, user_id=user_id, host=client.host, assurance=Assurance.SECOND_FACTOR
        )
        client.set_cookie(COOKIE, token, domain=client.host, secure=True)
        return client

    return sign_in


@pytest.fixture
def committing_org(settings: Settings, engines: Engines) -> Iterator[OrgRef]:
    profile = replace(provisioning.Profile.named("spb"), slug="race")
    with psycopg.connect(settings.owner_database_url or "", autocommit=True) as owner:
        provisioning.create_organisation(owner, settings, profile)
        registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
        context.install(Runtime(settings, engines, registry))
        org = registry.get("race")
        with tenant_session(org) as session:
            session.add_all(
                User(
                    email=f"{role.value}@example.org",
                    name="Anna Test",
                    roles=[role.value],
                    locale="en",
                )
                for role in (Role.SOCIAL_WORKER, Role.HOUSE_STAFF, Role.ADMINISTRATOR)
            )
        yield org
        engines.dispose()
        provisioning.set_state(owner, "race", before="active", after="suspended")
        provisioning.drop_organisation(owner, settings, "race")
