"""What every answer tells the browser to refuse."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from config.settings import Settings

STRIPE_CHECKOUT = "https://checkout.stripe.com"
REPORTS = "/csp-reports"
# None of these is used by any page; a script that found its way in shall not have them either.
POWERFUL = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "clipboard-read",
    "display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope",
    "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "screen-wake-lock", "serial", "usb", "web-share", "xr-spatial-tracking",
)  # fmt: skip
# Passkeys need this one, on this host alone.
OWN_HOST_ONLY = ("publickey-credentials-create", "publickey-credentials-get")
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A page's address holds a case's id: it goes to this host alone. "no-referrer" would make
    # browsers send "Origin: null" with our own forms, and that check would be lost.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": ", ".join(
        [f"{name}=()" for name in POWERFUL] + [f"{name}=(self)" for name in OWN_HOST_ONLY]
    ),
    "Reporting-Endpoints": f'csp="{REPORTS}"',
}
HSTS = "max-age=63072000; includeSubDomains"
# Not "cookies": that would reach the sibling organisations of the same domain, where the same
# person may be signed in. Our own two cookies are worth nothing or taken back by name.
LEFT_BEHIND = '"cache", "storage"'


def install_headers(app: Flask, settings: Settings) -> None:
    """Add the security headers to every answer of the application."""
    policy = content_security_policy(settings)

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.update(FIXED)
        if settings.scheme == "https":
            response.headers["Strict-Transport-Security"] = HSTS
        if request.endpoint != "static" or response.status_code not in {200, 304}:
            # A shared computer's back button must not show what the last person saw.
            response.headers["Cache-Control"] = "no-store"
        if request.endpoint == "accounts.sign_out":
            response.headers["Clear-Site-Data"] = LEFT_BEHIND
        return response


def content_security_policy(settings: Settings) -> str:
    """Everything from this host, nothing inline; a gift's form may lead to the checkout page.

    Nonces would only loosen this: no page has a script or a style in it that would need one.
    """
    checkout = STRIPE_CHECKOUT
    if settings.stripe_api_base:
        parts = urlsplit(settings.stripe_api_base)
        checkout = f"{parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self';"
        f" connect-src 'self'; form-action 'self' {checkout}; frame-ancestors 'none';"
        f" object-src 'none'; base-uri 'none'; report-uri {REPORTS}; report-to csp"
    )
