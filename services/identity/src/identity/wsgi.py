"""The WSGI application `app`, configured by environment variables, and what `identity serve` serves."""

from identity.app import create_app
from identity.config import Settings, load_settings
from identity.logs import write_json_logs
from identity.web.admission import AT_ONCE
from identity.web_server.served import Served

write_json_logs()
app = create_app(load_settings(Settings))
served = Served(app, AT_ONCE, app.extensions["identity.is_apart"])
