"""The WSGI application: `portal.wsgi:app`."""

from portal.app import create_app
from portal.config import Settings, load_settings
from portal.logs import write_json_logs

write_json_logs()
app = create_app(load_settings(Settings))
