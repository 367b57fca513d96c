"""The house's colours for mail and PDF, which know neither variables nor OKLCH."""

import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_VALUE = re.compile(r"light-dark\(oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)")


@dataclass(frozen=True)
class Palette:
    """The day colours of one house as hexadecimal sRGB."""

    paper: str
    ink: str
    quiet: str
    line: str
    glow: str
    accent: str
    on_accent: str


@cache
def palette(theme: str) -> Palette:
    """Read a theme's colours from the tokens, the only place where they are kept."""
    tokens = (resources.files("hearth") / "static/css/tokens.css").read_text("utf-8")
    house = tokens.partition(f'[data-theme="{theme}"]')[2].partition("}")[0]
    return Palette(
        paper=_colour(tokens, "paper"),
        ink=_colour(tokens, "ink"),
        quiet=_colour(tokens, "grey-strong"),
        line=_colour(tokens, "line"),
        glow=_colour(tokens, "glow"),
        accent=_colour(house, "accent"),
        on_accent=_colour(house, "on-accent"),
    )


def _colour(css: str, name: str) -> str:
    declaration = css.partition(f"--{name}:")[2]
    found = _VALUE.match(declaration.strip())
    if found is None:
        raise LookupError(f"the tokens have no colour named {name}")
    lightness, chroma, hue = (float(part) for part in found.groups())
    return _hexadecimal(lightness / 100, chroma, math.radians(hue))


def _hexadecimal(lightness: float, chroma: float, hue: float) -> str:
    """Turn OKLCH into sRGB (CSS Color 4, section 10) and write it as #rrggbb."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_gamma(part):02x}" for part in linear)


def _gamma(linear: float) -> int:
    bounded = min(max(linear, 0.0), 1.0)
    curved = 12.92 * bounded if bounded <= 0.0031308 else 1.055 * bounded ** (1 / 2.4) - 0.055
    return round(curved * 255)
