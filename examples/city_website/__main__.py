"""`python -m examples.city_website`: serve the website on `CITY_WEBSITE_BIND`."""

import os

from granian import Granian
from granian.constants import Interfaces

host, port = os.environ.get("CITY_WEBSITE_BIND", "127.0.0.1:8090").rsplit(":", 1)
target = f"{__package__}.app:from_environment"
Granian(target, host, int(port), interface=Interfaces.WSGI, factory=True, websockets=False).serve()
