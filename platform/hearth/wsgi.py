"""The door for the web server: reads the environment once and builds the application."""

from config.logs import configure_logging
from config.sentry import configure_sentry
from config.settings import Settings
from hearth.app import create_app
from tenants.context import configure, error_destination

settings = Settings.from_env()
configure_logging()
configure_sentry(settings, integrations=("flask",), destination=error_destination)
configure(settings)
app = create_app(settings)
