"""`/`, the page that "Pay Utility Bill" opens (guide, step 3)."""


def test_it_is_public_and_citizen_self_service_starts_the_sign_in(visitor) -> None:
    page = visitor.page("/")

    assert page.link("Citizen Self Service") == "/sign-in"
    assert page.link("727-369-0690") == "tel:727-369-0690"
    assert "City of Pinellas Park" in page.text


def test_who_is_signed_in_gets_from_there_to_the_home_page(resident) -> None:
    assert "/home" in resident.page("/").links("Citizen Self Service")


def test_it_shows_while_identity_and_billing_are_away(visitor, identity) -> None:
    identity.city = None

    assert visitor.page("/").link("Citizen Self Service") == "/sign-in"
