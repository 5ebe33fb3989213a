"""The verb that completes a first sign-in once its address is verified, by the code or by the link."""

from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.email_verification.owner import VerificationOwner
from identity.email_verification.verification import CodeRefused, EmailVerification, OpenLink
from identity.journeys.federation.pending_store import FirstSignIns, FirstSignInView
from identity.journeys.federation.provision import (
    OtherMethod,
    ProvisionResident,
    SignInAgain,
    SignInCompleted,
)
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.mail.messages import Mail, Recipient, verify_first_sign_in
from identity.residents.action_links.purposes import Purpose
from identity.residents.federated_identities.store import IdentityTakenError
from identity.residents.one_time_codes.store import CodeResult
from identity.storage import Storage


def _mail(pending: FirstSignInView, continuation: Continuation, /, *, link: str, code: str) -> Mail:
    to = Recipient(pending.email or "", pending.language, continuation.city_id or None)
    return verify_first_sign_in(to, link=link, code=code, provider=pending.provider)


# An address that was taken meanwhile is answered by `OtherMethod`, which names the other sign-in method.
FIRST_SIGN_IN = VerificationOwner(
    purpose=Purpose.VERIFY_FEDERATION, store=FirstSignIns, mail=_mail, is_verified_by_account=False
)


class AlreadyVerified:
    """The link was claimed a moment ago; nothing was written."""


class VerifyFirstSignIn:
    """Completes first sign-ins whose address the provider did not verify."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        continuations: Continuations,
        provision: ProvisionResident,
        verification: EmailVerification[FirstSignInView],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._continuations = continuations
        self._provision = provision
        self._verification = verification

    def by_code(
        self, pending: FirstSignInView, code: str, browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod | CodeRefused:
        """Verify by the code, in the browser that came back from the provider."""
        if not self._verification.claim_try(pending, browser.visitor):
            return CodeRefused(CodeResult.TOO_MANY)
        continuation = self._continuations.read(pending.continuation)
        try:
            with self._storage.transaction() as tx:
                result = self._verification.claim_code(tx, pending, code)
                if result is not CodeResult.RIGHT:
                    return CodeRefused(result)
                outcome = self._provision.finish(tx, pending, continuation, browser, self._clock.now())
        except IdentityTakenError:
            # In another tab, a moment ago.
            return SignInAgain(continuation)
        self._verification.give_back_try(pending, browser.visitor)
        return outcome

    def by_link(
        self, link: OpenLink[FirstSignInView], browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod | AlreadyVerified:
        """Verify by the link, in the browser that came back. Raises LookupError for any other browser.

        There the provider must name the account once more (docs/decisions/0015, `MatchResident`).
        """
        if not link.is_same_browser:
            raise LookupError("another browser must sign in at the provider")
        try:
            with self._storage.transaction() as tx:
                if not self._verification.claim_link(tx, link):
                    return AlreadyVerified()
                return self._provision.finish(tx, link.pending, link.continuation, browser, self._clock.now())
        except IdentityTakenError:
            return SignInAgain(link.continuation)
