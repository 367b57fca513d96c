"""A local double of Stripe: its API, its payment page and its webhooks, for demos and tests.

It keeps its own state in one SQLite file and moves no money. Production must never import it, so
the package refuses to load unless the environment says ``HEARTH_SANDBOX=1``; the wheel does not
contain it at all.
"""

import os

if os.environ.get("HEARTH_SANDBOX") != "1":
    raise ImportError(
        "hearth.giving.sandbox moves no money and is for demos and tests only: "
        "set HEARTH_SANDBOX=1 to use it."
    )
