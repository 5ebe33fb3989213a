"""The WSGI server's entry: `identity.wsgi:app`, configured by environment variables."""

from identity.app import create_app
from identity.config import Settings, load_settings

app = create_app(load_settings(Settings))
