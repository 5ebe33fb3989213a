"""Parses requests and renders messages: protobuf on one side, values of `linking` on the other."""

import unicodedata
from datetime import datetime
from types import MappingProxyType

from community_access.billing_link.v1 import billing_link_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from billing_link.billing_records.port import UtilityAccount
from billing_link.errors import Refusal, Refused
from billing_link.linking.links import AutoLinkOutcome, Link, LinkedAccount, Origin
from billing_link.linking.number_formats import LONGEST_TYPED
from billing_link.linking.resolve_account import TypedNumbers
from billing_link.rpc.error_status import RefusedError

_LONGEST_LINK_ID = 32

AUTO_LINK_OUTCOMES = MappingProxyType(
    {
        AutoLinkOutcome.NOT_TRIED: pb.AUTO_LINK_OUTCOME_NOT_TRIED,
        AutoLinkOutcome.LINKED: pb.AUTO_LINK_OUTCOME_LINKED,
        AutoLinkOutcome.AMBIGUOUS: pb.AUTO_LINK_OUTCOME_AMBIGUOUS,
        AutoLinkOutcome.NONE: pb.AUTO_LINK_OUTCOME_NONE,
        AutoLinkOutcome.UNDONE: pb.AUTO_LINK_OUTCOME_UNDONE,
    }
)
_ORIGINS = MappingProxyType({Origin.RESIDENT: pb.LINK_ORIGIN_RESIDENT, Origin.AUTO: pb.LINK_ORIGIN_AUTO})


def parse_typed_numbers(request: pb.ResolveAccountRequest) -> TypedNumbers:
    """Return the typed texts; raises `RefusedError` FIELD_INVALID for one that is too long or not text."""
    return TypedNumbers(
        _checked_field("account_number", request.account_number),
        _checked_field("customer_id", request.customer_id),
        request.remember,
    )


def parse_link_id(request: pb.UnlinkAccountRequest | pb.GetAccountRequest) -> str:
    """Return the link id; raises `RefusedError` FIELD_INVALID if it is empty, too long or not printable."""
    if not request.link_id or len(request.link_id) > _LONGEST_LINK_ID or not request.link_id.isprintable():
        raise RefusedError(Refused(Refusal.FIELD_INVALID, {"field": "link_id"}))
    return request.link_id


def link_message(link: Link) -> pb.Link:
    """Return a link's message."""
    message = pb.Link(
        link_id=link.link_id, linked_at=_timestamp(link.linked_at), origin=_ORIGINS[link.origin]
    )
    if link.undo_until:
        message.undo_until.CopyFrom(_timestamp(link.undo_until))
    return message


def linked_account_message(linked: LinkedAccount, currency_code: str) -> pb.LinkedAccount:
    """Return a linked account's message."""
    return pb.LinkedAccount(
        link=link_message(linked.link), account=account_message(linked.account, currency_code)
    )


def account_message(account: UtilityAccount, currency_code: str) -> pb.UtilityAccount:
    """Return an account's message."""
    statement = account.statement
    message = pb.UtilityAccount(
        account_number=account.account_number,
        customer_id=account.customer_id,
        customer_name=account.customer_name,
        service_address=account.service_address,
        status=pb.ACCOUNT_STATUS_CLOSED if account.closed_on else pb.ACCOUNT_STATUS_ACTIVE,
        services=account.services,
        balance_cents=statement.balance_cents,
        currency_code=currency_code,
        recent_bills=[
            pb.Bill(
                bill_number=bill.bill_number,
                billed_on=bill.billed_on.isoformat(),
                due_on=bill.due_on.isoformat(),
                amount_cents=bill.amount_cents,
            )
            for bill in statement.recent_bills
        ],
    )
    if statement.due_on:
        message.due_on = statement.due_on.isoformat()
    if account.closed_on:
        message.closed_on = account.closed_on.isoformat()
    if paid := statement.last_payment:
        message.last_payment.paid_on = paid.paid_on.isoformat()
        message.last_payment.amount_cents = paid.amount_cents
    return message


def _checked_field(name: str, value: str) -> str:
    if len(value) > LONGEST_TYPED or _has_control_character(value):
        raise RefusedError(Refused(Refusal.FIELD_INVALID, {"field": name}))
    return value


def _has_control_character(value: str) -> bool:
    """Tell whether there is one, white space apart. Printable text, which is tested in C, has none."""
    return not value.isprintable() and any(
        unicodedata.category(character) == "Cc" and not character.isspace() for character in value
    )


def _timestamp(moment: datetime) -> Timestamp:
    return Timestamp(seconds=int(moment.timestamp()))
