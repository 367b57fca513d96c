"""What every answer tells the browser to refuse."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from config.settings import Settings

STRIPE_CHECKOUT = "https://checkout.stripe.com"


def install_headers(app: Flask, settings: Settings) -> None:
    """Add the security headers to every answer of the application."""
    policy = content_security_policy(settings)

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if settings.scheme == "https":
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        if request.endpoint != "static" or response.status_code != 200:
            # A shared computer's back button must not show what the last person saw.
            private = g.get("user") is not None or request.endpoint != "static"
            response.headers["Cache-Control"] = "no-store" if private else "no-cache"
        return response


def content_security_policy(settings: Settings) -> str:
    """Everything from this host, nothing inline; a gift's form may lead to the checkout page."""
    checkout = STRIPE_CHECKOUT
    if settings.stripe_api_base:
        parts = urlsplit(settings.stripe_api_base)
        checkout = f"{parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self';"
        f" connect-src 'self'; form-action 'self' {checkout}; frame-ancestors 'none';"
        " base-uri 'none'"
    )
