"""`/`, the page that "Pay Utility Bill" opens (guide, step 3)."""


def test_anybody_sees_it_and_citizen_self_service_starts_the_sign_in(visitor) -> None:
    page = visitor.get("/").text

    assert '<a class="usa-button usa-button--big" href="/sign-in">Citizen Self Service</a>' in page
    assert "City of Pinellas Park" in page
    assert 'href="tel:727-369-0690"' in page


def test_who_is_signed_in_gets_from_there_to_the_welcome_page(resident) -> None:
    assert 'href="/home">Citizen Self Service</a>' in resident.get("/").text


def test_it_shows_while_identity_and_billing_are_away(visitor, identity) -> None:
    identity.city = None

    response = visitor.get("/")

    assert response.status_code == 200
    assert "Citizen Self Service" in response.text
