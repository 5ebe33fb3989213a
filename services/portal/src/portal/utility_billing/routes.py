"""`/utility-billing`: the search form, the found account, and the pages of one linked account."""

import math

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from portal.billing_link_client.accounts import LinkedAccounts
from portal.billing_link_client.refusals import Refusal, RefusalReason
from portal.utility_billing.forms import LONGEST, SearchForm
from portal.utility_billing.found_state import FoundAccount, FoundState
from portal.web.current_resident import CurrentResident
from portal.web.form_state import FormState
from portal.web.pages import Pages
from portal.web.resident_billing import ResidentBilling
from portal.web.sessions.store import LiveSession

CORRECTABLE = 422
# The reasons for which the resident can change the form and search again; the others are 503, or 429.
CORRECTABLE_REASONS = {
    RefusalReason.ACCOUNT_NOT_FOUND,
    RefusalReason.FIELD_INVALID,
    RefusalReason.ALREADY_LINKED,
    RefusalReason.LINKING_DISABLED,
    RefusalReason.LINK_LIMIT_REACHED,
}


class UtilityBillingRoutes:
    """Search, show and forget utility accounts."""

    def __init__(
        self, billing: ResidentBilling, form_state: FormState, current: CurrentResident, pages: Pages
    ) -> None:
        self._billing, self._form_state, self._found = billing, form_state, FoundState(form_state)
        self._current, self._pages = current, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("utility_billing", __name__, url_prefix="/utility-billing")
        routes.add_url_rule("", "search", self.show_search)
        routes.add_url_rule("", "submit_search", self.submit_search, methods=["POST"])
        routes.add_url_rule("/accounts/<link_id>", "account", self.show_account)
        routes.add_url_rule("/accounts/<link_id>/forget", "confirm_forget", self.confirm_forget)
        routes.add_url_rule("/accounts/<link_id>/forget", "forget", self.forget, methods=["POST"])
        routes.register_error_handler(CSRFError, self.form_too_old)
        return routes

    def show_search(self) -> Response:
        """Show the search form, or with `found` the account that the search found."""
        live = self._current.require_session()
        found = self._found.open(live.id, request.args.get("found", ""))
        if isinstance(found, FoundAccount):
            return self._pages.render(
                "utility_billing/account.html", linked=None, account=found.account, numbers=found.numbers
            )
        kept = self._form_state.open(self._current.browser_secret(), request.args.get("kept", ""))
        typed = dict(kept or vars(found))
        if any(typed.values()):
            flash(_("Your numbers are still here. Please click Search again."))
        return self._render_form(live, SearchForm(data=typed))

    def submit_search(self) -> Response:
        """Search. A found account is shown by a page of its own, which can be reloaded."""
        if request.form.get("action") == "reset":
            return redirect(url_for("utility_billing.search"), 303)
        live = self._current.find_session()
        if live is None:
            return self._keep_form()
        form = SearchForm(request.form)
        if not form.validate():
            return self._render_form(live, form, status=CORRECTABLE)
        numbers, remember = form.numbers(), bool(form.remember.data)
        found = self._billing.resolve_account(
            live, numbers.account_number, numbers.customer_id, remember=remember
        )
        if isinstance(found, Refusal):
            return self._render_form(live, form, found, _status(found.reason))
        if found.link:
            if remember:
                flash(_("This account is saved on your profile. You will see it here next time."))
            return redirect(url_for("utility_billing.account", link_id=found.link.id), 303)
        sealed = self._found.seal(live.id, FoundAccount(numbers, found.account))
        return redirect(url_for("utility_billing.search", found=sealed), 303)

    def show_account(self, link_id: str) -> Response:
        """Show a linked account."""
        return self._render_linked("utility_billing/account.html", link_id)

    def confirm_forget(self, link_id: str) -> Response:
        """Ask before a linked account is forgotten."""
        return self._render_linked("utility_billing/forget.html", link_id)

    def forget(self, link_id: str) -> Response:
        """Unlink an account: confirmed, or the one click that undoes an auto-link."""
        live = self._current.require_session()
        if isinstance(self._billing.unlink_account(live, link_id), Refusal):
            return self._pages.render("unavailable.html", 503)
        flash(_("The account is no longer saved on your profile."))
        to_home = request.form.get("from") == "home"
        return redirect(url_for("home.home" if to_home else "utility_billing.search"), 303)

    def form_too_old(self, _error: CSRFError) -> Response:
        """Answer a form whose token is no longer valid; a search keeps what was typed."""
        if request.endpoint == "utility_billing.submit_search":
            return self._keep_form()
        return redirect(url_for("utility_billing.search"), 303)

    def _render_linked(self, template: str, link_id: str) -> Response:
        linked = self._billing.get_account(self._current.require_session(), link_id)
        if not isinstance(linked, Refusal):
            return self._pages.render(template, linked=linked, account=linked.account)
        if linked.reason in (RefusalReason.LINK_NOT_FOUND, RefusalReason.FIELD_INVALID):
            return self._pages.render("utility_billing/not_saved.html", 404)
        return self._pages.render("unavailable.html", 503)

    def _render_form(
        self, live: LiveSession, form: SearchForm, refusal: Refusal | None = None, status: int = 200
    ) -> Response:
        # Where the search had to wait in vain, the page does not wait a second time.
        in_vain = refusal is not None and refusal.reason is RefusalReason.UNAVAILABLE
        linked = refusal if in_vain else self._billing.list_linked_accounts(live)
        retry_after = refusal.retry_after if refusal else 0
        response = self._pages.render(
            "utility_billing/search.html",
            status,
            form=form,
            refusal=refusal,
            reason=refusal.reason.name if refusal else "",
            wait_minutes=math.ceil(retry_after / 60),
            accounts=linked.accounts if isinstance(linked, LinkedAccounts) else [],
            accounts_unavailable=isinstance(linked, Refusal),
        )
        if retry_after:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def _keep_form(self) -> Response:
        """Redirect to the form, through sign-in if need be, with what was typed still in it."""
        form = SearchForm(request.form)
        numbers, browser = vars(form.numbers()), self._current.browser_secret()
        short = all(len(number) <= LONGEST for number in numbers.values())
        kept = numbers | {"remember": bool(form.remember.data)}
        sealed = self._form_state.seal(browser, kept) if browser and short else None
        return redirect(url_for("utility_billing.search", kept=sealed), 303)


def _status(reason: RefusalReason) -> int:
    if reason is RefusalReason.TOO_MANY_ATTEMPTS:
        return 429
    return CORRECTABLE if reason in CORRECTABLE_REASONS else 503
