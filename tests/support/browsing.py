"""One person's browser window, which notices what a page of ours must never do."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response

from hearth.accounts.guard import COOKIE
from tests.support.servers import PASSWORD
from tests.support.stack import Stack
from tests.support.visitors import codes_now

HEIGHT = {360: 740, 768: 1024, 1280: 800}


class Visit:
    """A window of a certain width with cookies of its own."""

    def __init__(
        self, chromium: Browser, stack: Stack, width: int, screenshots: Path | None, **options: Any
    ) -> None:
        usual: dict[str, Any] = {
            "viewport": {"width": width, "height": HEIGHT[width]},
            "locale": "en-GB",
            "reduced_motion": "reduce",
        }
        self.stack = stack
        self.width = width
        self.faults: list[str] = []
        self._screenshots = screenshots
        self._ours = {f"127.0.0.1:{port}" for port in (stack.ports.checkout, stack.ports.mail)}
        self.context = chromium.new_context(**usual | options)
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._see_request)
        self.page.on("response", self._see_response)

    def close(self) -> None:
        self.context.close()

    def open(self, site: str, path: str = "/") -> Response:
        """Go to a page of an organisation or the federation."""
        response = self.page.goto(self.stack.url(site, path))
        assert response is not None
        return response

    def sign_in(self, site: str, role: str) -> None:
        """Sign in as the one person who has this role there, with her app's code of the moment."""
        email = f"{role}@{site}.example.org"
        self.stack.let_codes_work_again(site, email)
        self.open(site, "/sign-in")
        self.fill(email=email, password=PASSWORD)
        self.send()
        self.fill(code=codes_now()[0])
        self.send()

    def fill(self, **answers: str) -> None:
        """Write into fields, by their names."""
        for name, answer in answers.items():
            self.field(name).fill(answer)

    def choose(self, **answers: str) -> None:
        """Choose in a list, or one of several buttons or boxes, by the fields' names."""
        for name, answer in answers.items():
            listed = self.page.locator(f'main select[name="{name}"]')
            if listed.count():
                listed.select_option(answer)
            else:
                self.page.locator(f'main input[name="{name}"][value="{answer}"]').check()

    def field(self, name: str) -> Locator:
        return self.page.locator(f'main [name="{name}"]')

    def send(self) -> None:
        """Press the button that sends the page's form."""
        button = self.page.locator("main form.form .form-actions button")
        with self.page.expect_navigation():
            button.click()

    def press_pay(self, *, twice: bool = False) -> None:
        """Press the button of the giving page."""
        button = self.page.locator(".pay-bar button")
        with self.page.expect_navigation():
            button.click(click_count=2 if twice else 1)

    def follow(self, label: str) -> None:
        """Follow the first link of this name in the page's own part."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("link", name=label, exact=True).first.click()

    def go_to(self, destination: str) -> None:
        """Choose a destination in the rail, or in the menu of a small screen."""
        frame = self.page.locator(".rail")
        if self.width < 960:
            self.page.locator(".menu > summary").click()
            frame = self.page.locator(".menu-sheet")
        with self.page.expect_navigation():
            frame.get_by_role("link", name=destination, exact=True).click()

    def cookie(self) -> str:
        """The cookie of the session in this window, as it travels."""
        kept = {one.get("name"): one.get("value") for one in self.context.cookies()}
        return f"{COOKIE}={kept[COOKIE]}"

    def carry(self, cookie: str, site: str) -> None:
        """Put a cookie where it does not belong."""
        name, _, value = cookie.partition("=")
        # Chromium lets a program set a secure cookie for https alone, and sends it to localhost.
        address = self.stack.url(site).replace("http:", "https:")
        self.context.add_cookies([{"name": name, "value": value, "url": address, "secure": True}])

    @property
    def text(self) -> str:
        """What the page's own part says."""
        return self.page.locator("main").inner_text()

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def look(self, name: str) -> None:
        """Look at the page as a whole: it behaves as every page of ours must."""
        self.photograph(name)
        wrong = self.manners()
        assert not wrong, "; ".join(wrong)

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page, where somebody means to look at it."""
        if self._screenshots is not None:
            self.photograph_into(self._screenshots, name)

    def photograph_into(self, folder: Path, name: str) -> None:
        """Keep a picture of the whole page in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}-{self.width}.png", full_page=True)

    def manners(self) -> list[str]:
        """What is wrong with this page on any screen and for any reader."""
        page, wrong = self.page, list(self.faults)
        excess = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        if excess > 0:
            wrong.append(f"{excess} px wider than the window")
        if (headings := page.locator("h1").count()) != 1:
            wrong.append(f"{headings} first headings")
        if not page.locator("html").get_attribute("lang"):
            wrong.append("no language")
        return wrong

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser writes down every answer from 400 on; the responses are looked at below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)

    def _see_request(self, request: Request) -> None:
        host = urlsplit(request.url).netloc
        if not host.endswith(f".localhost:{self.stack.ports.web}") and host not in self._ours:
            self.faults.append(f"asked {host}")

    def _see_response(self, response: Response) -> None:
        # A page may say that it is not there; what a page is made of may not.
        tolerated = 500 if response.request.is_navigation_request() else 400
        if response.status >= tolerated:
            self.faults.append(f"{response.status} for {urlsplit(response.url).path}")
