"""The WSGI server's entry: `identity.wsgi:app`, configured by environment variables."""

from identity.app import create_app
from identity.config import Settings, load_settings
from identity.logs import write_json_logs

write_json_logs()
app = create_app(load_settings(Settings))
