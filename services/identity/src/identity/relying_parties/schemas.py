"""Registrations as an operator writes them, checked before they are stored."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from identity.relying_parties import branding, redirect_uris
from identity.relying_parties.client_security import FAPI2, ClientSecurity, problems_with_fapi2
from identity.relying_parties.clients import RegisteredCity, RegisteredClient, RegisteredResource

# The languages with complete translations; a city can offer no others.
LANGUAGES = ("en", "es")
OWN_SCOPES = ("openid", "profile", "email", "offline_access")
# Grant types with a URN: RFC 8628 §3.4, RFC 8693 §2.1.
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant type's name
SECRET_FORM = re.compile(r"[A-Za-z0-9_-]{32,128}")

R = TypeVar("R", bound="_Registration")
T = TypeVar("T")
# Of a list, and of the lines of a refusal. A page names every redirect address in its policy, in one header.
MOST = 50
_MOST_LINES = 20
Problem = Callable[[str], str | None]


class RegistrationRefusedError(Exception):
    """The registration is not accepted; `lines` has one for each fault, in an operator's words."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


def _checked(problem_with: Problem) -> AfterValidator:
    def check(value: str) -> str:
        if problem := problem_with(value):
            raise ValueError(f"{value[:80]!r} {problem}")
        return value

    return AfterValidator(check)


def _logo(value: str) -> str:
    if problem := branding.problem_with_logo(value):
        raise ValueError(problem)
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value[:80]!r} is not the name of a time zone, such as America/New_York")
    return value


def _provider_key(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]{1,32}", value) or value == "password":
        raise ValueError(
            f"{value[:80]!r} is no provider; name those to offer, such as google (a password always works)"
        )
    return value


Address = Annotated[str, _checked(redirect_uris.problem_with)]
RedirectAddress = Annotated[str, _checked(redirect_uris.problem_with_redirect)]
AddressOrNone = Annotated[str, _checked(lambda uri: redirect_uris.problem_with(uri) if uri else None)]
Primary = Annotated[
    str, _checked(lambda color: branding.problem_with_color(color, branding.PRIMARY_CONTRAST))
]
Accent = Annotated[str, _checked(lambda color: branding.problem_with_color(color, branding.ACCENT_CONTRAST))]
ProviderKey = Annotated[str, AfterValidator(_provider_key)]
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
# Something to read, and a number to call: pages and mails show them in the middle of a sentence.
Line = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
Telephone = Annotated[str, Field(min_length=3, max_length=32, pattern=r"^[0-9+() .-]*[0-9][0-9+() .-]*$")]
Host = Annotated[
    str,
    _checked(redirect_uris.problem_with_host),
    AfterValidator(lambda host: redirect_uris.site_of(f"https://{host}")),
]


Some = Annotated[frozenset[T], Field(max_length=MOST)]
Name = Annotated[str, Field(min_length=1, max_length=255)]


class _Registration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CityRegistration(_Registration):
    """A city, as `identity cities put` reads it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    name: Line
    website: Annotated[Address, Field(max_length=255)]
    support_phone: Telephone
    support_name: Line
    primary_color: Primary
    accent_color: Accent
    logo_svg: Annotated[str, AfterValidator(_logo)]
    languages: Annotated[tuple[Literal["en", "es"], ...], Field(min_length=1, max_length=MOST)] = ("en",)
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    notice: Annotated[str, Field(max_length=500)] = ""
    sign_in_methods: Annotated[tuple[ProviderKey, ...], Field(max_length=MOST)] | None = None

    def registered(self) -> RegisteredCity:
        """Return the value that is stored."""
        return RegisteredCity(**self.model_dump())


class ClientRegistration(ClientSecurity, _Registration):
    """A client, as `identity clients put` reads it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    city_id: Name
    name: Line
    id_token_signed_response_alg: Literal["RS256", "ES256", "EdDSA"] = Field(default="RS256")
    userinfo_signed_response_alg: Literal["", "RS256", "ES256", "EdDSA"] = ""
    claims_in_id_token: bool = False
    subject_type: Literal["public", "pairwise"] = "public"
    sector_identifier_uri: AddressOrNone = ""
    grant_types: frozenset[GrantType] = frozenset(("authorization_code", "refresh_token"))
    redirect_uris: Some[RedirectAddress] = frozenset()
    post_logout_redirect_uris: Some[RedirectAddress] = frozenset()
    initiate_login_uri: AddressOrNone = ""
    scopes: Some[Name] = frozenset(("openid", "profile", "email"))
    resources: Some[Name] = frozenset()
    token_exchange_resources: Some[Name] = frozenset()
    pkce_required: bool = True
    first_party: bool = True
    backchannel_logout_uri: Address | None = None
    backchannel_logout_session_required: bool = False
    logo_uri: AddressOrNone = ""
    policy_uri: AddressOrNone = ""
    tos_uri: AddressOrNone = ""

    @model_validator(mode="after")
    def _consistent(self) -> "ClientRegistration":
        if self.token_endpoint_auth_method == "none" and not self.pkce_required:  # noqa: S105 - a method's name
            raise ValueError("a public client needs PKCE: leave pkce_required at true")
        faults = (*self._faults_of_sign_in(), *self._faults_of_grants(), *self._faults_of_profile())
        if found := [words for is_fault, words in faults if is_fault]:
            raise ValueError("; ".join(found))
        return self

    def _faults_of_sign_in(self) -> Iterable[tuple[bool, str]]:
        redirects = "authorization_code" in self.grant_types
        signs_in = redirects or DEVICE_CODE in self.grant_types
        yield redirects and not self.redirect_uris, "redirect_uris: name at least one"
        yield redirects and not self.initiate_login_uri, "initiate_login_uri is missing"
        native = any(map(redirect_uris.is_private_use, self.redirect_uris | self.post_logout_redirect_uris))
        yield (
            native and self.token_endpoint_auth_method != "none",  # noqa: S105 - a method's name
            "redirect_uris: a scheme of an app's own is for public clients (token_endpoint_auth_method none)",
        )
        yield signs_in and "openid" not in self.scopes, "scopes must contain openid"
        is_pairwise = self.subject_type == "pairwise"
        yield (
            bool(self.sector_identifier_uri) and not is_pairwise,
            "sector_identifier_uri goes with subject_type pairwise",
        )

    def _faults_of_grants(self) -> Iterable[tuple[bool, str]]:
        ways_in = {"authorization_code", "client_credentials", DEVICE_CODE} & self.grant_types
        yield not ways_in, f"grant_types must contain authorization_code, client_credentials or {DEVICE_CODE}"
        is_public = self.token_endpoint_auth_method == "none"  # noqa: S105 - a method's name
        private = sorted({"client_credentials", TOKEN_EXCHANGE} & self.grant_types)
        yield is_public and bool(private), f"a public client cannot use {', '.join(private)}"
        exchanges = TOKEN_EXCHANGE in self.grant_types
        yield (
            exchanges != bool(self.token_exchange_resources),
            f"the grant type {TOKEN_EXCHANGE} and token_exchange_resources go together",
        )
        needs_sid = self.backchannel_logout_session_required
        yield (
            needs_sid and self.backchannel_logout_uri is None,
            "backchannel_logout_session_required goes with a backchannel_logout_uri",
        )
        yield (
            exchanges and not self.first_party,
            "the residents of a third-party client are asked about each resource: use resources",
        )

    def _faults_of_profile(self) -> Iterable[tuple[bool, str]]:
        if self.profile == FAPI2:
            for problem in problems_with_fapi2(vars(self)):
                yield True, problem

    def registered(self) -> RegisteredClient:
        """Return the value that is stored, without secrets."""
        return RegisteredClient(**self.model_dump(), secrets=())


class InvitationRegistration(_Registration):
    """An invitation for clients to register themselves, as `identity clients invite` reads it."""

    city_id: Name
    redirect_hosts: Annotated[Some[Host], Field(min_length=1)]
    scopes: Annotated[Some[Name], Field(min_length=1)] = frozenset(("openid", "profile", "email"))
    grant_types: Annotated[frozenset[GrantType], Field(min_length=1)] = frozenset(
        ("authorization_code", "refresh_token")
    )
    # False: its clients may go without PKCE, unless they are public.
    pkce_required: bool = True
    registrations: Annotated[int, Field(ge=1, le=1000)] = 1
    # Days.
    lifetime: Annotated[int, Field(ge=1, le=90)] = 7

    @model_validator(mode="after")
    def _consistent(self) -> "InvitationRegistration":
        if {"authorization_code", DEVICE_CODE} & self.grant_types and "openid" not in self.scopes:
            raise ValueError("scopes must contain openid")
        if TOKEN_EXCHANGE in self.grant_types:
            raise ValueError("whom you invite is a third party, which cannot exchange tokens")
        return self


class ResourceRegistration(_Registration):
    """A resource, as `identity resources put` reads it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$", max_length=255)]
    name: Line
    scopes: Annotated[Some[Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,64}$")]], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> "ResourceRegistration":
        if "#" in self.id:
            raise ValueError("id contains a fragment (RFC 8707 §2)")
        if own := self.scopes & set(OWN_SCOPES):
            raise ValueError(f"scopes: {', '.join(sorted(own))} belong to identity itself")
        return self

    def registered(self, secret_digest: str) -> RegisteredResource:
        """Return the value that is stored."""
        return RegisteredResource(self.id, self.name, secret_digest, self.scopes)


def read_city(content: dict[str, Any]) -> CityRegistration:
    """Check a city; raises `RegistrationRefusedError`."""
    return _read(CityRegistration, content)


def read_client(content: dict[str, Any]) -> ClientRegistration:
    """Check a client; raises `RegistrationRefusedError`."""
    return _read(ClientRegistration, content)


def read_invitation(content: dict[str, Any]) -> InvitationRegistration:
    """Check an invitation; raises `RegistrationRefusedError`."""
    return _read(InvitationRegistration, content)


def read_resource(content: dict[str, Any]) -> ResourceRegistration:
    """Check a resource; raises `RegistrationRefusedError`."""
    return _read(ResourceRegistration, content)


def check_secret(secret: str) -> None:
    """Raise `RegistrationRefusedError` unless it has 32 to 128 characters that need no encoding in a URL."""
    if not SECRET_FORM.fullmatch(secret):
        raise RegistrationRefusedError(
            ["the secret: 32 to 128 characters of A-Z a-z 0-9 _ - (leave it out, and one is made)"]
        )


def _read(kind: type[R], content: dict[str, Any]) -> R:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        lines = [_line(fault) for fault in error.errors()[:_MOST_LINES]]
        raise RegistrationRefusedError(lines) from None


def _line(fault: Any) -> str:  # noqa: ANN401 - pydantic's error
    place = ".".join(str(part) for part in fault["loc"] if part != "__root__")
    words = {"missing": "is missing", "extra_forbidden": "is not known here"}
    if fault["type"] == "too_long":
        words["too_long"] = f"holds more than {fault['ctx']['max_length']}"
    message = words.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
