"""The inbox keeps the mails of the services and shows them without running their content."""

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from local_stack import free_ports

from deploy.local.inbox.mailbox import Mailbox
from deploy.local.inbox.pages import create_app
from deploy.local.inbox.smtp_server import MailHandler, start_smtp_server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def mail(to: str = "maria@example.com", subject: str = "Verify registration") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Community Access ID <no-reply@localhost>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Open http://localhost:8000/verify?a=1&b=2 or type 123456.\n")
    message.add_alternative(
        '<html><head><title>M</title></head><body><a href="http://localhost:8000/verify">Verify</a></body></html>',
        subtype="html",
    )
    return message


class Page(HTMLParser):
    """The elements of a page, in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def elements(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of this name."""
        return [attributes for name, attributes in self._elements if name == tag]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(capacity=3)


@pytest.fixture
def client(mailbox: Mailbox) -> FlaskClient:
    return create_app(mailbox).test_client()


def put(mailbox: Mailbox, message: EmailMessage) -> None:
    mailbox.add_mail(message.as_bytes(), [str(message["To"])], NOW)


@pytest.fixture
def smtp_port(mailbox: Mailbox) -> Iterator[int]:
    (port,) = free_ports(1)
    controller = start_smtp_server(MailHandler(mailbox, lambda: NOW), "127.0.0.1", port)
    yield port
    controller.stop()


def test_a_mail_sent_by_smtp_is_kept_with_both_its_bodies(mailbox: Mailbox, smtp_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port, timeout=5) as server:
        server.send_message(mail(subject="Verificación de su correo"))

    (kept,) = mailbox.list_mails()
    assert kept.subject == "Verificación de su correo"
    assert kept.recipients == ("maria@example.com",)
    assert "123456" in kept.text
    assert "Verify</a>" in kept.html
    assert kept.received_at == NOW


def test_at_full_capacity_the_oldest_is_dropped_and_numbers_go_on(mailbox: Mailbox) -> None:
    for number in range(5):
        put(mailbox, mail(subject=f"mail {number}"))

    assert [(kept.number, kept.subject) for kept in mailbox.list_mails()] == [
        (5, "mail 4"),
        (4, "mail 3"),
        (3, "mail 2"),
    ]


def test_tests_ask_for_one_recipient_in_any_case(mailbox: Mailbox, client: FlaskClient) -> None:
    put(mailbox, mail(to="Maria@Example.com"))
    put(mailbox, mail(to="other@example.com"))

    (found,) = client.get("/api/messages?to=maria@example.com").get_json()["messages"]
    assert found["to"] == ["Maria@Example.com"]
    assert found["subject"] == "Verify registration"


def test_all_mails_can_be_deleted(mailbox: Mailbox, client: FlaskClient) -> None:
    put(mailbox, mail())

    assert client.delete("/api/messages").status_code == 204
    assert client.get("/api/messages").get_json() == {"messages": []}
    assert client.get("/messages/1").status_code == 404


def test_a_page_lists_and_shows_mails(mailbox: Mailbox, client: FlaskClient) -> None:
    put(mailbox, mail(subject="<script>alert(1)</script>"))

    listed = Page(client.get("/").get_data(as_text=True))
    shown = Page(client.get("/messages/1").get_data(as_text=True))

    assert "<script>alert(1)</script>" in listed.text
    assert listed.elements("script") == shown.elements("script") == []
    assert "http://localhost:8000/verify?a=1&b=2" in [link["href"] for link in shown.elements("a")]
    assert "no-reply@localhost" in client.get("/messages/1/source").get_data(as_text=True)


def test_the_page_refreshes_only_when_asked_to(client: FlaskClient) -> None:
    def refreshes(address: str) -> bool:
        page = Page(client.get(address).get_data(as_text=True))
        return any(meta.get("http-equiv") == "refresh" for meta in page.elements("meta"))

    assert not refreshes("/")
    assert refreshes("/?refresh")


def test_a_mail_runs_nothing_and_its_links_open_elsewhere(mailbox: Mailbox, client: FlaskClient) -> None:
    put(mailbox, mail())

    answer = client.get("/messages/1/html")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert Page(answer.get_data(as_text=True)).elements("base") == [{"target": "_blank"}]


def test_pages_allow_nothing_inline(client: FlaskClient) -> None:
    answer = client.get("/")

    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
