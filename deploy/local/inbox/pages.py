"""The web pages of the inbox, and the same data as JSON for tests."""

import re

from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from deploy.local.inbox.mailbox import Mail, Mailbox

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# A mail may have styles and images but no scripts; its links open in a new page.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def create_app(mailbox: Mailbox) -> Flask:
    """Return the web application that shows one mailbox."""
    app = Flask(__name__)

    @app.get("/")
    def mails() -> str:
        recipient = request.args.get("to", "")
        # The page refreshes only on request: a refresh moves it while it is read (WCAG 2.2.2).
        return render_template(
            "mails.html",
            mails=mailbox.list_mails(recipient),
            recipient=recipient,
            refreshing="refresh" in request.args,
        )

    @app.get("/messages/<int:number>")
    def mail(number: int) -> str:
        return render_template("mail.html", mail=_find_mail(mailbox, number))

    @app.get("/messages/<int:number>/html")
    def html(number: int) -> Response:
        response = Response(_links_in_new_page(_find_mail(mailbox, number).html), mimetype="text/html")
        response.headers["Content-Security-Policy"] = MAIL_POLICY
        return response

    @app.get("/messages/<int:number>/source")
    def source(number: int) -> Response:
        return Response(_find_mail(mailbox, number).source, mimetype="text/plain")

    @app.get("/api/messages")
    def listed() -> Response:
        return jsonify(messages=[_as_json(mail) for mail in mailbox.list_mails(request.args.get("to", ""))])

    @app.delete("/api/messages")
    def clear() -> ResponseReturnValue:
        mailbox.clear()
        return "", 204

    @app.get("/health/live")
    def live() -> Response:
        return jsonify(status="ok")

    app.after_request(_secure)
    return app


def _secure(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Links in mails are secrets: no referrer, no cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _find_mail(mailbox: Mailbox, number: int) -> Mail:
    found = mailbox.find_mail(number)
    if found is None:
        abort(404)
    return found


def _links_in_new_page(html: str) -> str:
    base = '<base target="_blank">'
    placed, times = re.subn(r"(<head[^>]*>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return placed if times else base + html


def _as_json(mail: Mail) -> dict[str, object]:
    return {
        "number": mail.number,
        "received_at": mail.received_at.isoformat(),
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    }
