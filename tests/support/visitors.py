"""A browser without a browser: a test client that fills in forms the way a page offers them."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

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

    def token_on(self, page: str) -> str:
        """The first form token on a page."""
        found = TOKEN.search(self.get(page).text)
        assert found is not None, f"no form on {page}"
        return found.group(1)
