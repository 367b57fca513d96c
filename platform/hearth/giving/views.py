"""Pages of giving: the form and what follows it for donors, gifts and funds for staff."""

import uuid
from typing import Any, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hearth.accounts.guard import permit, person, public
from hearth.accounts.permissions import Permission
from hearth.giving import funds, queries, refunds, services, words
from hearth.giving.gateway import GatewayError, GatewayRefused, PaymentGateway
from hearth.giving.models import Donor, Fund, Gift, GiftState, Payment, Refund
from hearth.giving.queries import GiftFilter
from hearth.giving.refunds import RefundRefusedError
from hearth.giving.schemas import (
    OTHER,
    PRESETS,
    FindSchema,
    GiftFilterSchema,
    GiveSchema,
    RefundSchema,
    fund_schema,
)
from hearth.giving.services import CheckoutPages, GiftRefusedError, GiftRequest
from hearth.money import Money
from hearth.web.answers import BOTH, form_page, found, sent_form
from hearth.web.formatting import format_money, today
from hearth.web.forms import Form
from hearth.web.languages import NATIVE_NAMES
from hearth.web.paging import USUAL_SIZE, Page, asked_page, offset_of
from hearth.web.request import commit_now, full_address, organisation, session
from hearth.web.tokens import form_key

blueprint = Blueprint("giving", __name__, template_folder="templates")
# The return page asks again by itself, ever more slowly, and at last leaves it to the mail.
LOOKS = 20


@blueprint.route("/give", methods=BOTH)
@public
def give() -> Any:
    """Ask what somebody wants to give, and lead to the payment page."""
    open_funds = queries.open_funds(session)
    form = _give_form(open_funds)
    if form.validate():
        try:
            return _lead_to_payment(_start(form.loaded))
        except GiftRefusedError:
            form.add_error(None, _("We cannot take this gift. Please choose another purpose."))
        except GatewayError:
            return _payment_page_away(form, open_funds)
    return form_page("giving/give.html", form, **_give_context(open_funds))


@blueprint.get("/give/thanks/<uuid:token>")
@public
def thanks(token: uuid.UUID) -> str:
    """Say how the gift stands; coming back from the payment page proves nothing."""
    gift = found(queries.gift_by_token(session, token=token))
    looked = max(0, min(request.args.get("looked", 0, type=int), LOOKS))
    again = gift.state == GiftState.STARTED and looked < LOOKS
    return render_template(
        "giving/thanks.html",
        gift=gift,
        state=gift.state,
        fund_title=gift.fund.title(_language()),
        look_again_in=2 + looked if again else None,
        look_again_url=url_for("giving.thanks", token=token, looked=looked + 1),
    )


@blueprint.get("/give/cancelled")
@public
def cancelled() -> str:
    """Say that nothing was taken, and how to begin again."""
    return render_template("giving/cancelled.html")


@blueprint.get("/gifts/")
@permit(Permission.GIFTS_READ)
def gifts() -> Any:
    """The gifts, newest first."""
    form = _filter_form()
    number = asked_page()
    wanted = GiftFilter(**(form.loaded or {}) if form.validate() else {})
    listed, total = queries.list_gifts(
        session, wanted=wanted, offset=offset_of(number), limit=USUAL_SIZE
    )
    context = {"gifts": listed, "page": Page(number, total), "filters": form}
    active = sum(one is not None for one in vars(wanted).values())
    return render_template(
        "giving/gifts.html", **context, active=active, find=Form(FindSchema()), words=words
    )


@blueprint.post("/gifts/find")
@permit(Permission.GIFTS_READ)
def find() -> Response:
    """Lead to a gift by its number or to a donor's gifts; the address never enters a URL."""
    form = Form(FindSchema(), sent_form())
    match = queries.find(session, text=form.loaded["text"]) if form.validate() else None
    if isinstance(match, Gift):
        return redirect(url_for("giving.gift", gift_id=match.id), 303)
    if isinstance(match, Donor):
        return redirect(url_for("giving.gifts", donor_id=match.id), 303)
    flash(_("There is no gift with this number and no donor with this address."), "info")
    return redirect(url_for("giving.gifts"), 303)


@blueprint.get("/gifts/<uuid:gift_id>")
@permit(Permission.GIFTS_READ)
def gift(gift_id: uuid.UUID) -> str:
    """One gift: its payments, what was booked, and what was written to the donor."""
    file = found(queries.gift_file(session, gift_id=gift_id))
    context = {"gift": file.gift, "words": words, "native_names": NATIVE_NAMES}
    return render_template("giving/gift.html", file=file, payment=_refundable(file.gift), **context)


@blueprint.route("/gifts/<uuid:gift_id>/refund", methods=BOTH)
@permit(Permission.GIFTS_REFUND, fresh=True)
def refund(gift_id: uuid.UUID) -> Any:
    """Give money back; it is booked when the provider says that it has been done."""
    file = found(queries.gift_file(session, gift_id=gift_id))
    payment = found(_refundable(file.gift))
    form = Form(RefundSchema(), sent_form(), {"amount": payment.refundable.amount_minor})
    if form.validate():
        try:
            return _send_refund(file.gift, _request_refund(payment, form.loaded))
        except RefundRefusedError:
            form.add_error("amount", _("So much cannot be given back any more."))
    return form_page("giving/refund.html", form, gift=file.gift, payment=payment)


@blueprint.post("/gifts/<uuid:gift_id>/refunds/<uuid:refund_id>")
@permit(Permission.GIFTS_REFUND, fresh=True)
def ask_again(gift_id: uuid.UUID, refund_id: uuid.UUID) -> Response:
    """Send a refund once more that the provider did not answer; the key keeps it a single one."""
    file = found(queries.gift_file(session, gift_id=gift_id))
    known = {one.id: one for payment in file.gift.payments for one in payment.refunds}
    wanted = found(known.get(refund_id))
    try:
        wanted = refunds.request_again(session, refund_id=wanted.id, requested_by=person().id)
        return _send_refund(file.gift, wanted)
    except RefundRefusedError:
        flash(_("So much cannot be given back any more."), "warning")
        return redirect(url_for("giving.gift", gift_id=gift_id), 303)


@blueprint.get("/funds/")
@permit(Permission.GIFTS_READ)
def list_funds() -> str:
    """The funds and how far each of them is."""
    standings = queries.standings(session, funds=queries.all_funds(session))
    return render_template(
        "giving/funds.html", standings=standings, language=_language(), today=today(), words=words
    )


@blueprint.route("/funds/new", methods=BOTH)
@permit(Permission.FUNDS_MANAGE, fresh=True)
def add_fund() -> Any:
    """Open a fund."""
    form = Form(fund_schema(organisation().locales), sent_form(), {"opened_on": today()})
    if form.validate():
        try:
            funds.add(session, **vars(form.loaded), currency=organisation().currency)
        except funds.CodeTakenError:
            form.add_error("code", _("Another fund has this short name."))
        else:
            flash(_("The fund is open. People can give for it from its first day on."), "success")
            return redirect(url_for("giving.list_funds"), 303)
    return form_page("giving/fund.html", form, fund=None)


@blueprint.route("/funds/<uuid:fund_id>", methods=BOTH)
@permit(Permission.FUNDS_MANAGE, fresh=True)
def edit_fund(fund_id: uuid.UUID) -> Any:
    """Change a fund's texts, goal or days; what was given for it stays."""
    fund = found(session.get(Fund, fund_id))
    form = Form(fund_schema(organisation().locales), sent_form(), funds.answers(fund))
    if form.validate():
        try:
            funds.change(session, fund=fund, **vars(form.loaded))
        except funds.CodeTakenError:
            form.add_error("code", _("Another fund has this short name."))
        else:
            flash(_("The fund is changed."), "success")
            return redirect(url_for("giving.list_funds"), 303)
    return form_page("giving/fund.html", form, fund=fund)


def _give_form(open_funds: Any) -> Form:
    currency = organisation().currency
    wish = request.args.get("fund")
    chosen = next((one for one in open_funds if one.code == wish), next(iter(open_funds), None))
    presets = [(str(one), format_money(Money(one, currency), whole=True)) for one in PRESETS]
    return Form(
        GiveSchema(),
        sent_form(),
        {"amount": str(PRESETS[0]), "fund_id": chosen.id if chosen else None},
        choices={
            "amount": [*presets, (OTHER, _("Other"))],
            "fund_id": [(one.id, one.title(_language())) for one in open_funds],
        },
    )


def _give_context(open_funds: Any) -> dict[str, Any]:
    presets = [(str(one), Money(one, organisation().currency)) for one in PRESETS]
    standings = queries.standings(session, funds=open_funds)
    return {"standings": standings, "presets": presets, "language": _language()}


def _start(answers: Any) -> Payment:
    wanted = GiftRequest(
        fund_id=answers.fund_id,
        amount=Money(answers.amount_minor, organisation().currency),
        email=answers.email,
        name=answers.name,
        locale=_language(),
        news_wanted=answers.news,
    )
    return services.start_gift(session, request=wanted, request_key=str(form_key()))


def _lead_to_payment(payment: Payment) -> Response:
    back = full_address(url_for("giving.thanks", token=payment.gift.token))
    pages = CheckoutPages(
        success_url=f"{back}?lang={payment.gift.locale}",
        cancel_url=full_address(url_for("giving.cancelled", lang=payment.gift.locale)),
        description=payment.gift.fund.title(payment.gift.locale),
    )
    if payment.checkout_url is None:
        wanted = services.checkout_request(session, payment=payment, pages=pages)
        commit_now()
        opened = _gateway().create_checkout(wanted, idempotency_key=payment.idempotency_key)
        services.keep_checkout(session, payment=payment, checkout=opened)
    return redirect(payment.checkout_url or back, 303)


def _payment_page_away(form: Form, open_funds: Any) -> tuple[str, int]:
    form.add_error(
        None,
        _(
            "The payment page does not answer at the moment. Nothing was taken from your account."
            " Please try again in a few minutes."
        ),
    )
    return render_template("giving/give.html", form=form, **_give_context(open_funds)), 503


def _filter_form() -> Form:
    listed = [(fund.id, fund.title(_language())) for fund in queries.all_funds(session)]
    return Form(GiftFilterSchema(), request.args, choices={"fund_id": listed})


def _refundable(gift: Gift) -> Payment | None:
    return next(
        (
            payment
            for payment in gift.payments
            if payment.gift_state is GiftState.RECEIVED and payment.refundable
        ),
        None,
    )


def _request_refund(payment: Payment, answers: dict[str, Any]) -> Refund:
    return refunds.request_refund(
        session,
        payment_id=payment.id,
        amount=Money(answers["amount"], payment.currency),
        reason=answers["reason"],
        requested_by=person().id,
        request_key=str(form_key()),
    )


def _send_refund(gift: Gift, wanted: Refund) -> Response:
    order = refunds.refund_order(session, refund=wanted)
    commit_now()
    try:
        answer = _gateway().refund(order, idempotency_key=str(wanted.id))
        refunds.keep_answer(session, refund_id=wanted.id, answer=answer)
        flash(_("The refund is under way. It is booked when the provider confirms it."), "success")
    except GatewayRefused:
        refunds.give_up(session, refund_id=wanted.id)
        flash(_("The provider refused this refund. Nothing was given back."), "danger")
    except GatewayError:
        flash(_("The provider does not answer. Send the refund again in a few minutes."), "warning")
    return redirect(url_for("giving.gift", gift_id=gift.id), 303)


def _gateway() -> PaymentGateway:
    return cast("PaymentGateway", current_app.extensions["payment_gateway"])


def _language() -> str:
    return str(get_locale())
