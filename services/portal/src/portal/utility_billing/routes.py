"""The "Utility Billing" pages."""

import math

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.errors import Reason
from portal.utility_billing.accounts import Accounts
from portal.utility_billing.forms import SearchForm
from portal.utility_billing.search import LONGEST, Search, SearchResult, Typed
from portal.web.current_resident import CurrentResident
from portal.web.form_state import CarriedValues
from portal.web.pages import Pages

STATUS = {Reason.TOO_MANY_ATTEMPTS: 429, Reason.BILLING_UNAVAILABLE: 503}
CORRECTABLE = 422


class UtilityBillingPages:
    """Search, show, forget."""

    def __init__(
        self,
        search: Search,
        accounts: Accounts,
        carried: CarriedValues,
        current: CurrentResident,
        pages: Pages,
    ) -> None:
        self._search, self._accounts, self._carried = search, accounts, carried
        self._current, self._pages = current, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("utility_billing", __name__, url_prefix="/utility-billing")
        routes.add_url_rule("", "search", self.show)
        routes.add_url_rule("", "find", self.find, methods=["POST"])
        routes.add_url_rule("/accounts/<link_id>", "account", self.account)
        routes.add_url_rule("/accounts/<link_id>/forget", "confirm_forget", self.confirm_forget)
        routes.add_url_rule("/accounts/<link_id>/forget", "forget", self.forget, methods=["POST"])
        routes.register_error_handler(CSRFError, self.form_too_old)
        return routes

    def show(self) -> Response:
        """Show the form; filled again after a detour; with the account that was just found."""
        live = self._current.require()
        if sealed := request.args.get("found"):
            values = self._carried.open(live.id, sealed)
            if values:
                return self._result(live.id, Typed(values["account_number"], values["customer_id"]))
        kept = self._carried.open(self._current.browser(), request.args.get("kept", ""))
        if kept:
            flash(_("Your numbers are still here. Please click Search again."))
        return self._form(live.id, SearchForm(data=kept | {"remember": kept.get("remember") == "yes"}))

    def find(self) -> Response:
        """Search; what was found is shown by a page of its own, which can be reloaded."""
        if request.form.get("action") == "reset":
            return redirect(url_for("utility_billing.search"), 303)
        live = self._current.load()
        if live is None:
            return self._fill_in_again()
        form = SearchForm(request.form)
        if not form.validate():
            return self._form(live.id, form, status=CORRECTABLE)
        typed = form.typed()
        result = self._search.find(live.id, typed)
        if result.refusal:
            return self._form(live.id, form, result, STATUS.get(result.refusal, CORRECTABLE))
        if result.link_id:
            if typed.remember:
                flash(_("This account is saved on your profile. You will see it here next time."))
            return redirect(url_for("utility_billing.account", link_id=result.link_id), 303)
        sealed = self._carried.seal(
            live.id, {"account_number": typed.account_number, "customer_id": typed.customer_id}
        )
        return redirect(url_for("utility_billing.search", found=sealed), 303)

    def account(self, link_id: str) -> Response:
        """Show one remembered account."""
        return self._one("utility_billing/account.html", link_id)

    def confirm_forget(self, link_id: str) -> Response:
        """Ask before an account is forgotten."""
        return self._one("utility_billing/forget.html", link_id)

    def forget(self, link_id: str) -> Response:
        """Forget the account: the answer to the question, or the one click that undoes an auto-link."""
        live = self._current.require()
        refusal = self._accounts.forget(live.id, link_id)
        if refusal:
            return self._pages.render("unavailable.html", STATUS.get(refusal, CORRECTABLE))
        flash(_("The account is no longer saved on your profile."))
        to_home = request.form.get("from") == "home"
        return redirect(url_for("home.welcome" if to_home else "utility_billing.search"), 303)

    def form_too_old(self, _error: CSRFError) -> Response:
        """Keep what was typed into a page that was open for too long."""
        if request.endpoint == "utility_billing.find":
            return self._fill_in_again()
        return redirect(url_for("utility_billing.search"), 303)

    def _one(self, template: str, link_id: str) -> Response:
        live = self._current.require()
        one = self._accounts.one(live.id, link_id)
        if one.linked:
            return self._pages.render(template, linked=one.linked, account=one.linked.account)
        if one.refusal is Reason.LINK_NOT_FOUND:
            return self._pages.render("utility_billing/not_saved.html", 404)
        return self._pages.render("unavailable.html", 503)

    def _result(self, session_id: str, typed: Typed) -> Response:
        result = self._search.find(session_id, typed)
        if result.account:
            return self._pages.render(
                "utility_billing/account.html", linked=None, account=result.account, typed=typed
            )
        form = SearchForm(
            MultiDict({"account_number": typed.account_number, "customer_id": typed.customer_id})
        )
        return self._form(
            session_id, form, result, STATUS.get(result.refusal or Reason.ACCOUNT_NOT_FOUND, CORRECTABLE)
        )

    def _form(
        self, session_id: str, form: SearchForm, result: SearchResult | None = None, status: int = 200
    ) -> Response:
        result = result or SearchResult()
        response = self._pages.render(
            "utility_billing/search.html",
            status,
            form=form,
            refusal=result.refusal.name if result.refusal else "",
            field=result.field,
            wait_minutes=math.ceil(result.retry_after / 60),
            remembered=self._accounts.all(session_id),
        )
        if result.retry_after:
            response.headers["Retry-After"] = str(result.retry_after)
        return response

    def _fill_in_again(self) -> Response:
        """Go through sign-in, if need be, back to the form with everything still in it."""
        form = SearchForm(request.form)
        values = {
            "account_number": form.account_number.data or "",
            "customer_id": form.customer_id.data or "",
            "remember": "yes" if form.remember.data else "",
        }
        browser = self._current.browser()
        short = all(len(value) <= LONGEST for value in values.values())
        sealed = self._carried.seal(browser, values) if browser and short else ""
        return redirect(url_for("utility_billing.search", kept=sealed or None), 303)
