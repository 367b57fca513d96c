"""What the terminal shows once the demo runs: addresses and sample sign-ins for every role."""

from pathlib import Path

from hearth.demo.parts import Addresses


def welcome(addresses: Addresses, data_dir: Path) -> str:
    """Write the table of addresses and sign-ins."""
    return f"{addresses} {data_dir}"
