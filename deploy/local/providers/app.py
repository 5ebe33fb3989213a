"""All simulated providers behind one port, and the page that lists them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import Flask, Response, jsonify, render_template_string, request
from joserfc.jwk import ECKey
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from . import apple, facebook, google, microsoft, openid
from .behaviour import Behaviour

PROVIDERS = ("google", "apple", "microsoft", "facebook", "openid")
_INDEX = """<!doctype html><html lang="en"><title>Simulated providers</title>
<h1>Simulated providers – for local development</h1><p>They are served under:</p>
<ul>{% for name in names %}<li><code>{{ request.url_root }}{{ name }}/…</code></li>{% endfor %}</ul>"""  # noqa: RUF001 - a dash


@dataclass
class SimulatedProviders:
    """The simulated providers, their behaviours by name, and the private keys of this deployment."""

    team_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    client_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    behaviours: dict[str, Behaviour] = field(
        default_factory=lambda: {name: Behaviour() for name in PROVIDERS}
    )

    def wsgi(self) -> DispatcherMiddleware:
        """Return the WSGI application that serves every provider under its own path."""
        return DispatcherMiddleware(
            self._front(),
            {
                "/google": google.SimulatedGoogle(self.behaviours["google"]).app(),
                "/apple": apple.SimulatedApple(self.behaviours["apple"], self.team_key).app(),
                "/microsoft": microsoft.SimulatedMicrosoft(self.behaviours["microsoft"]).app(),
                "/facebook": facebook.SimulatedFacebook(self.behaviours["facebook"]).app(),
                "/openid": openid.SimulatedOpenIDProvider(self.behaviours["openid"], self.client_key).app(),
            },
        )

    def environment(self, base_url: str) -> dict[str, str]:
        """Return the variables that point the identity service at the simulated providers at `base_url`."""
        return {
            "IDENTITY_GOOGLE_CLIENT_ID": google.CLIENT_ID,
            "IDENTITY_GOOGLE_CLIENT_SECRET": google.CLIENT_SECRET,
            "IDENTITY_GOOGLE_ISSUER": f"{base_url}/google",
            "IDENTITY_APPLE_CLIENT_ID": apple.CLIENT_ID,
            "IDENTITY_APPLE_TEAM_ID": apple.TEAM_ID,
            "IDENTITY_APPLE_KEY_ID": apple.KEY_ID,
            "IDENTITY_APPLE_KEY": self.team_key.as_pem(private=True).decode(),
            "IDENTITY_APPLE_ISSUER": f"{base_url}/apple",
            "IDENTITY_MICROSOFT_CLIENT_ID": microsoft.CLIENT_ID,
            "IDENTITY_MICROSOFT_CLIENT_SECRET": microsoft.CLIENT_SECRET,
            "IDENTITY_MICROSOFT_AUTHORITY": f"{base_url}/microsoft",
            "IDENTITY_FACEBOOK_CLIENT_ID": facebook.CLIENT_ID,
            "IDENTITY_FACEBOOK_CLIENT_SECRET": facebook.CLIENT_SECRET,
            "IDENTITY_FACEBOOK_SITE": f"{base_url}/facebook",
            "IDENTITY_FACEBOOK_GRAPH": f"{base_url}/facebook",
        }

    def openid_environment(self, base_url: str) -> dict[str, str]:
        """Return the variables of the fifth provider, which is not configured by default."""
        return {
            "IDENTITY_OPENID_LOGINGOV_ISSUER": f"{base_url}/openid/",
            "IDENTITY_OPENID_LOGINGOV_CLIENT_ID": openid.CLIENT_ID,
            "IDENTITY_OPENID_LOGINGOV_PRIVATE_KEY": self.client_key.as_pem(private=True).decode(),
            "IDENTITY_OPENID_LOGINGOV_ACR_VALUES": openid.ACR,
            "IDENTITY_OPENID_LOGINGOV_LABEL": "Login.gov",
            "IDENTITY_OPENID_LOGINGOV_TRUST_EMAIL": "true",
        }

    def reset(self, names: Iterable[str] = PROVIDERS) -> None:
        """Reset the behaviour of the providers."""
        for name in names:
            self.behaviours[name].reset()

    def _front(self) -> Flask:
        app = Flask(__name__)

        @app.get("/")
        def index() -> str:
            return render_template_string(_INDEX, names=PROVIDERS)

        @app.get("/health/live")
        def live() -> Response:
            return jsonify(status="ok")

        @app.post("/behaviour")
        def behaviour() -> tuple[Response, int]:
            """Take `{"provider": "google", "faults": {"token": "html"}, …}`; `"reset": true` comes first."""
            values = dict(request.get_json())
            chosen = self.behaviours.get(values.pop("provider", ""))
            if chosen is None:
                return jsonify(error=f"provider: one of {', '.join(PROVIDERS)}"), 400
            if values.pop("reset", False):
                chosen.reset()
            try:
                chosen.update(values)
            except KeyError as error:
                return jsonify(error=f"{error.args[0]}: no such behaviour"), 400
            return jsonify(status="ok"), 200

        return app
