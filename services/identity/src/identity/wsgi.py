"""The WSGI application `app`, configured by environment variables, and what `identity serve` serves."""

from identity.app import create_app
from identity.config import Settings, load_settings
from identity.logs import write_json_logs
from identity.web.admission import AT_ONCE, Admission
from identity.web_server.served import Served

write_json_logs()
_settings = load_settings(Settings)
app = create_app(_settings)
_admission: Admission = app.extensions["identity.admission"]
served = Served(
    app, AT_ONCE, lambda method, path: _admission.is_apart(method, path.removeprefix(_settings.path))
)
