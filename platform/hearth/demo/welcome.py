"""What the terminal shows once the demo runs: addresses and sample sign-ins for every role."""

from pathlib import Path

from hearth.demo.parts import BASE_DOMAIN, Addresses
from hearth.demo.sample_staff import APP_SECRET, FEDERATION, PASSWORD, sign_ins
from hearth.demo.setup import profile_slugs

# The organisation whose people are written out; everywhere else the same ones work.
SHOWN = "spb"


def welcome(addresses: Addresses, data_dir: Path) -> str:
    """Write the table of addresses, the people who can sign in at each, and how to go on."""
    sites = [SHOWN, *(slug for slug in profile_slugs() if slug != SHOWN), FEDERATION]
    people = [*sign_ins(SHOWN), *sign_ins(FEDERATION)]
    tools = {
        "Code for the second step": f"http://localhost:{addresses.mail}/codes",
        "Mail that was sent": f"http://localhost:{addresses.mail}/",
        "Payment sandbox, switches": f"http://localhost:{addresses.checkout}/_sandbox/",
        "Building blocks of the pages": addresses.site(f"{SHOWN}.{BASE_DOMAIN}") + "styleguide/",
        "Logs": str(data_dir / "log"),
    }
    return "\n".join(
        [
            "\nThe house is open. Addresses:\n",
            *(f"  {addresses.site(f'{site}.{BASE_DOMAIN}')}" for site in sites),
            "\nSign in as (all people, families and gifts are made up):\n",
            *(f"  {person.role.value:<24} {person.email}" for person in people),
            f"\n  Everybody's password is: {PASSWORD}",
            f"  The second step asks for a code: http://localhost:{addresses.mail}/codes shows it,",
            f"  or an app of yours with the secret {APP_SECRET}",
            f"  At another organisation put its name in place of {SHOWN}: …@pskov.example.org\n",
            *(f"  {title:<30} {place}" for title, place in tools.items()),
            "\nCtrl-C stops everything and keeps the data; make demo-reset begins anew.",
        ]
    )
