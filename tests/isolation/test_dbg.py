from tests.factories.giving import *
from hearth.app import create_app
from hearth.giving.services import checkout_request, CheckoutPages
import traceback
def test_d(sandbox, settings_with_sandbox, session, spb):
    p=start_gift(session)
    from hearth.giving.stripe_gateway import StripeGateway
    g=StripeGateway(api_key="sk_test_hearth", webhook_secrets=("a",), api_base=sandbox.url)
    r=checkout_request(session,payment=p,pages=CheckoutPages(success_url="https://spb.hearth.test/a",cancel_url="https://spb.hearth.test/give/cancelled",description="x"))
    try:
        g.create_checkout(r,idempotency_key="a")
    except Exception as e:
        traceback.print_exc(); print(repr(e.__cause__), repr(e.__context__))
    assert 0
