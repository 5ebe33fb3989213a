"""The ten steps of the resident guide, walked in a browser on the real parts, once on each database.

Each step bears its number in the guide. The mail is read from the inbox that the real worker delivered it to.
"""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

PASSWORD = "seven herons over the pond"


def step_1_open_the_city_website(page: Page, stack) -> None:
    page.goto(stack.city_website)
    expect(page.get_by_role("heading", level=1)).to_contain_text("City of Pinellas Park")


def step_2_click_pay_utility_bill(page: Page) -> None:
    page.get_by_role("link", name="Pay Utility Bill").click()


def step_3_click_citizen_self_service(page: Page, stack) -> None:
    expect(page).to_have_url(re.compile(re.escape(stack.portal)))
    page.get_by_role("main").get_by_role("link", name="Citizen Self Service").click()


def step_4_click_sign_up(page: Page, stack) -> None:
    expect(page).to_have_url(re.compile(re.escape(stack.identity) + "/sign-in"))
    for label in ("Email address", "Password"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    expect(page.get_by_label("Remember me")).to_be_attached()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    for link in ("Forgot password?", "Unlock account?", "Help"):
        expect(page.get_by_role("main").get_by_role("link", name=link)).to_be_visible()
    expect(page.get_by_text("Don't have an account?")).to_be_visible()
    page.get_by_role("link", name="Sign up").click()


def step_5_enter_email_password_and_name(page: Page, email: str) -> None:
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    expect(page.get_by_text("* indicates required field")).to_be_visible()
    expect(page.get_by_role("link", name="Back to sign in")).to_be_visible()
    page.get_by_label("Email *").fill(email)
    page.get_by_label("Password *").fill(PASSWORD)
    page.get_by_label("First name *").fill("Maria")
    page.get_by_label("Last name *").fill("Alvarez")
    page.get_by_role("button", name="Sign up").click()


def step_6_is_told_to_look_into_the_mail(page: Page) -> None:
    expect(page.get_by_role("heading", name="Verification email sent")).to_be_visible()
    expect(page.get_by_text("To finish signing in, check your email.")).to_be_visible()


def step_7_click_verify_registration_in_the_mail(page: Page, stack, email: str) -> None:
    mail = stack.wait_for_mail(email, subject="Verify")
    assert "Community Access ID" in mail["from"]
    page.goto(mail.link("Verify registration"))


def step_8_return_to_the_log_in_screen_and_enter_the_credentials(
    page: Page, email: str, password: str = PASSWORD
) -> None:
    expect(page.get_by_label("Email address")).to_have_value(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def arrive_at_citizen_self_service(page: Page, stack) -> None:
    expect(page).to_have_url(re.compile(re.escape(stack.portal)))
    expect(page.get_by_role("heading", name="Welcome to Citizen Self Service")).to_be_visible()
    expect(page.get_by_text("There are currently no announcements.")).to_be_visible()
    for section in ("Announcements", "Profile Information", "Utility Billing Accounts"):
        expect(page.get_by_role("heading", name=section)).to_be_visible()
    for item in ("Home", "Citizen Self Service", "Utility Billing"):
        expect(sidebar(page, item)).to_be_visible()


def sidebar(page: Page, item: str):
    return page.get_by_role("navigation").get_by_role("link", name=item, exact=True).first


def ask_for_an_account(page: Page, stack, email: str) -> None:
    step_1_open_the_city_website(page, stack)
    step_2_click_pay_utility_bill(page)
    step_3_click_citizen_self_service(page, stack)
    step_4_click_sign_up(page, stack)
    step_5_enter_email_password_and_name(page, email)
    step_6_is_told_to_look_into_the_mail(page)


def register(page: Page, stack, email: str) -> None:
    ask_for_an_account(page, stack, email)
    step_7_click_verify_registration_in_the_mail(page, stack, email)
    step_8_return_to_the_log_in_screen_and_enter_the_credentials(page, email)
    arrive_at_citizen_self_service(page, stack)


def test_step_9_an_earlier_registration_is_listed_by_itself(page: Page, stack) -> None:
    register(page, stack, stack.sample.auto_link_email)
    expect(page.get_by_text(stack.sample.auto_link_account_number).first).to_be_visible()
    notice = stack.wait_for_mail(stack.sample.auto_link_email, subject="utility account")
    assert stack.sample.auto_link_account_number not in notice["subject"]


def test_step_10_others_search_by_both_numbers_and_are_remembered(page: Page, stack) -> None:
    register(page, stack, "new.resident@example.com")
    sidebar(page, "Utility Billing").click()
    page.get_by_label("Account Number").fill(stack.sample.account_number)
    page.get_by_label("Customer ID").fill(stack.sample.customer_id)
    page.get_by_text("Remember these values", exact=True).click()
    expect(page.get_by_label("Remember these values")).to_be_checked()
    expect(page.get_by_role("button", name="Reset")).to_be_visible()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(stack.sample.service_address).first).to_be_visible()

    sidebar(page, "Home").click()
    expect(page.get_by_text(stack.sample.account_number).first).to_be_visible()


def test_the_mail_opened_on_a_phone_leads_back_to_the_citys_site(page: Page, browser: Browser, stack) -> None:
    email = "reads.mail.elsewhere@example.com"
    ask_for_an_account(page, stack, email)
    link = stack.wait_for_mail(email, subject="Verify").link("Verify registration")

    context = browser.new_context(viewport={"width": 320, "height": 700}, locale="en-US")
    phone = context.new_page()
    phone.goto(link)
    phone.get_by_label("Password", exact=True).fill("another sentence of words")
    phone.get_by_role("button", name="Verify registration").click()
    step_8_return_to_the_log_in_screen_and_enter_the_credentials(phone, email, "another sentence of words")
    arrive_at_citizen_self_service(phone, stack)
    context.close()


def test_a_forgotten_password_is_chosen_anew_by_mail(page: Page, stack) -> None:
    email = "forgets.passwords@example.com"
    register(page, stack, email)
    page.context.clear_cookies()

    page.goto(f"{stack.portal}/sign-in")
    page.get_by_role("link", name="Forgot password?").click()
    page.get_by_label(re.compile("Email")).fill(email)
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_text("Email sent!")).to_be_visible()

    page.goto(stack.wait_for_mail(email, subject="Reset").link("Reset your password"))
    page.get_by_label(re.compile("password", re.IGNORECASE)).first.fill("a new sentence to remember")
    page.get_by_role("button", name=re.compile("password", re.IGNORECASE)).last.click()
    step_8_return_to_the_log_in_screen_and_enter_the_credentials(page, email, "a new sentence to remember")
    arrive_at_citizen_self_service(page, stack)
