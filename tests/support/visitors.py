"""A browser without a browser: a test client that fills in forms the way a page offers them."""

import re
import time
from typing import Any

import pyotp
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers import APP_SECRET, PASSWORD

# A code is taken once; somebody who signs in again at once may use that of a neighbouring minute.
STEPS = (0, 1, -1)
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


class Visitor(FlaskClient):
    """A visitor of one site over https."""

    host = ""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        options.setdefault("base_url", f"https://{self.host}")
        headers = dict(options.pop("headers", None) or {})
        headers.setdefault("Sec-Fetch-Site", "same-origin")
        headers.setdefault("Accept-Language", "en")
        return super().open(*arguments, headers=headers, **options)

    def submit(
        self, path: str, data: dict[str, Any] | None = None, *, page: str | None = None
    ) -> TestResponse:
        """Fetch the page with the form (``page``, else the path itself), then send the form."""
        return self.post(path, data={"form_token": self.token_on(page or path), **(data or {})})

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Sign in as people do: with the password, then with a code of the app."""
        answer = self.submit("/sign-in", {"email": email, "password": password})
        for code in codes_now():
            answer = self.submit("/sign-in/second", {"code": code})
            if answer.status_code == 303:
                break
        return answer

    def token_on(self, page: str) -> str:
        """The first form token on a page."""
        found = TOKEN.search(self.get(page).text)
        assert found is not None, f"no form on {page}"
        return found.group(1)


def codes_now(secret: str = APP_SECRET) -> list[str]:
    """What an app shows now, in a moment, and showed before."""
    step = int(time.time()) // 30
    return [pyotp.TOTP(secret).generate_otp(step + away) for away in STEPS]
