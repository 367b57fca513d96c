"""Passkeys (WebAuthn): a device or a stick that knows its owner, which no false page can use."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hearth.accounts.events import Happened, note
from hearth.accounts.factors import note_second_factor, passkeys_of
from hearth.accounts.models import User, directory

LONGEST_ANSWER = 20_000


# What a made-up answer breaks on, here and in the library: JSON may also be nested too deeply.
NO_PROOF = (WebAuthnException, ValueError, KeyError, TypeError, RecursionError)


class PasskeyRefusedError(Exception):
    """What the browser sent is no proof."""


@dataclass(frozen=True)
class Place:
    """Where a passkey is asked for: it answers to this very host and to no other."""

    host: str
    origin: str
    name: str


def options_to_add(session: Session, *, user: User, place: Place, challenge: bytes) -> str:
    """What the browser needs to make a passkey, as JSON."""
    known = passkeys_of(session, user_id=user.id)
    return options_to_json(
        generate_registration_options(
            rp_id=place.host,
            rp_name=place.name,
            user_name=user.email,
            user_display_name=user.name,
            user_id=user.id.bytes,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=key.credential_id) for key in known
            ],
        )
    )


def options_to_ask(*, place: Place, challenge: bytes) -> str:
    """What the browser needs to ask for one, as JSON; it names nobody."""
    return options_to_json(
        generate_authentication_options(
            rp_id=place.host,
            challenge=challenge,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def add_passkey(
    session: Session, *, user_id: uuid.UUID, answer: str, name: str, place: Place, challenge: bytes
) -> None:
    """Keep a passkey that the browser has made.

    :raises PasskeyRefusedError: it was not made here, now and by its owner.
    """
    try:
        made = verify_registration_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except NO_PROOF as error:
        raise PasskeyRefusedError from error
    table = directory(session).passkey
    taken = select(table.id).where(table.credential_id == made.credential_id)
    if session.scalar(taken) is not None:
        raise PasskeyRefusedError
    session.add(
        table(
            user_id=user_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
        )
    )
    note_second_factor(session, user_id=user_id)
    note(session, Happened.PASSKEY_ADDED, user_id)


def prove(session: Session, *, answer: str, place: Place, challenge: bytes) -> uuid.UUID:
    """Whose passkey has answered; its owner was verified by the device, so it is two factors.

    :raises PasskeyRefusedError: it is nobody's, or no answer to what was asked here and now.
    """
    tables = directory(session)
    try:
        key = session.scalar(
            select(tables.passkey)
            .join(tables.user, tables.user.id == tables.passkey.user_id)
            .where(
                tables.passkey.credential_id == _credential_id(answer),
                tables.passkey.removed_at.is_(None),
                tables.user.disabled_at.is_(None),
            )
            .with_for_update(of=tables.passkey)
        )
        if key is None:
            raise PasskeyRefusedError
        proof = verify_authentication_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except NO_PROOF as error:
        raise PasskeyRefusedError from error
    session.execute(
        update(tables.passkey)
        .where(tables.passkey.id == key.id)
        .values(sign_count=proof.new_sign_count, used_at=datetime.now(UTC))
    )
    return key.user_id


def _credential_id(answer: str) -> bytes:
    read = json.loads(answer[:LONGEST_ANSWER])
    return base64url_to_bytes(str(read["rawId"])[:2000])
