"""`/sign-out`: here, then at identity (OpenID Connect RP-Initiated Logout)."""

from datetime import timedelta


def test_signing_out_ends_the_session_and_goes_on_to_identity(resident, identity, query) -> None:
    cookie = resident.client.get_cookie("portal").value

    response = resident.submit(resident.page("/home").form("/sign-out"), "Sign out")

    sent = query(response.location)
    assert response.location.startswith(f"{identity.issuer}/end-session?")
    assert sent["post_logout_redirect_uri"] == "http://127.0.0.1:8080/"
    assert sent["client_id"] == "citizen-self-service"
    assert sent["id_token_hint"].count(".") == 2
    resident.client.set_cookie("portal", cookie)
    assert resident.get("/home").location.startswith("/sign-in")


def test_coming_back_the_front_page_says_so(resident, query) -> None:
    state = query(resident.post("/sign-out").location)["state"]

    assert "You are signed out." in resident.page(f"/?state={state}").text


def test_signing_out_works_while_identity_is_away(resident, identity, clock) -> None:
    identity.discovery["end_session_endpoint"] = None
    clock.advance(timedelta(minutes=20))

    response = resident.post("/sign-out")

    assert response.location == "/"
    assert "You are signed out here." in resident.follow(response).text
    assert resident.get("/home").location.startswith("/sign-in")


def test_signing_out_twice_is_signing_out_once(resident) -> None:
    resident.post("/sign-out")

    assert resident.post("/sign-out").location == "/"


def test_a_link_cannot_sign_a_resident_out(resident) -> None:
    assert resident.get("/sign-out").status_code == 405
    assert resident.get("/home").status_code == 200
