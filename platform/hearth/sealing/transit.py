"""Speaks with a key management service in the words of HashiCorp Vault's transit engine."""

import base64
import binascii
import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from hearth.sealing.errors import KeyServiceAwayError

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Service:
    """Where a service answers; both come from the environment, never from a form."""

    address: str
    token: str = field(repr=False)


def wrap(service: Service, *, name: str, key: bytes) -> str:
    """Have a key encrypted under the service's key of a name.

    :raises KeyServiceAwayError: the service does not answer, or refuses.
    """
    answer = _ask(service, "encrypt", name, {"plaintext": base64.b64encode(key).decode()})
    return _text(answer, "ciphertext")


def unwrap(service: Service, *, name: str, wrapped: str) -> bytes:
    """Have a key decrypted.

    :raises KeyServiceAwayError: the service does not answer, or refuses.
    """
    answer = _ask(service, "decrypt", name, {"ciphertext": wrapped})
    try:
        return base64.b64decode(_text(answer, "plaintext"), validate=True)
    except binascii.Error as error:
        raise KeyServiceAwayError("the key service answered with nonsense") from error


def _ask(service: Service, action: str, name: str, told: dict[str, str]) -> dict[str, Any]:
    if urlsplit(service.address).scheme not in ("https", "http"):
        raise KeyServiceAwayError("a key service has an address that begins with https://")
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at.
        f"{service.address.rstrip('/')}/v1/transit/{action}/{quote(name, safe='')}",
        data=json.dumps(told).encode(),
        headers={"X-Vault-Token": service.token, "Content-Type": "application/json"},
    )
    try:
        with _opener.open(request, timeout=PATIENCE_SECONDS) as answer:
            data = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        error.close()
        raise KeyServiceAwayError("the key service refused") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise KeyServiceAwayError("the key service did not answer") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeyServiceAwayError("the key service answered with nonsense") from error
    return data if isinstance(data, dict) else {}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for this address alone: whoever sends us elsewhere is not followed."""

    def redirect_request(self, *_told: Any, **_more: Any) -> None:
        """Refuse."""
        return


# No proxy of the machine's environment may see what travels here.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str):
        raise KeyServiceAwayError("the key service answered with nonsense")
    return value
