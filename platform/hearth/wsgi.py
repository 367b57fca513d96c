"""The door for the web server: reads the environment once and builds the application."""

from config.logs import configure_logging
from config.sentry import configure_sentry
from config.settings import Settings
from hearth.app import create_app
from hearth.files.confined import keep_to_oneself
from tenants.context import configure, error_destination

# A file of a stranger is opened in a process of the same user.
keep_to_oneself()
settings = Settings.from_env()
configure_logging()
configure_sentry(settings, integrations=("flask",), destination=error_destination)
configure(settings)
app = create_app(settings)
