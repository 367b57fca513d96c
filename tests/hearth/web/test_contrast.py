"""Every pair of colours that carries text or marks a control is measured in each theme and mode."""

import re
from pathlib import Path

import pytest

import hearth

STATIC = Path(hearth.__file__).parent / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
THEMES = ("spb", "pskov", "ussuriysk", "krasnoyarsk", "federation")
MODES = ("light", "dark")

TEXT = [
    ("ink", "paper"),
    ("ink", "sheet"),
    ("ink", "accent-soft"),
    ("paper", "ink"),
    ("grey-strong", "paper"),
    ("grey-strong", "sheet"),
    ("grey-strong", "accent-soft"),
    ("accent", "paper"),
    ("accent", "sheet"),
    ("accent", "accent-soft"),
    ("accent-strong", "paper"),
    ("accent-strong", "sheet"),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-danger", "danger-ink"),
    *((f"{kind}-ink", f"{kind}-surface") for kind in ("danger", "warning", "success", "info")),
    ("danger-ink", "paper"),
    ("danger-ink", "sheet"),
    ("on-glow", "glow"),
]
CONTROLS = [
    ("grey-soft", "paper"),
    ("grey-soft", "sheet"),
    ("grey-soft", "accent-soft"),
    ("accent", "paper"),
    ("accent", "sheet"),
    ("accent", "accent-soft"),
    ("danger-ink", "paper"),
]

Rgb = tuple[float, float, float]


def colours(theme: str, mode: str) -> dict[str, Rgb]:
    """Read what a theme shows in a mode out of the style sheet itself."""
    blocks = re.findall(r"^([^{}@/]+)\{([^{}]*)\}", TOKENS, re.MULTILINE)
    wanted = {":root", f'[data-theme="{theme}"]'}
    found: dict[str, Rgb] = {}
    for selector, body in blocks:
        if selector.strip() not in wanted:
            continue
        for name, day, night in re.findall(
            r"--([\w-]+):\s*light-dark\((oklch\([^()/]*\)),\s*(oklch\([^()/]*\))\)", body
        ):
            found[name] = srgb(day if mode == "light" else night)
    return found


def srgb(oklch: str) -> Rgb:
    """Convert by the matrices of CSS Color 4, and insist on a colour that a screen can show."""
    match = re.fullmatch(r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)(?: / [\d.]+)?\)", oklch)
    assert match, f"cannot read {oklch}"
    lightness, chroma, hue = float(match[1]) / 100, float(match[2]), float(match[3])
    a, b = chroma * cos(hue), chroma * cos(hue - 90)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    assert all(-0.005 <= part <= 1.005 for part in linear), f"{oklch} lies outside sRGB"
    red, green, blue = (min(max(part, 0.0), 1.0) for part in linear)
    return red, green, blue


def cos(degrees: float) -> float:
    return (complex(-1) ** (degrees / 180)).real


def contrast(one: Rgb, other: Rgb) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(linear: Rgb) -> float:
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_measure_agrees_with_known_values() -> None:
    white, black = srgb("oklch(100% 0 0)"), srgb("oklch(0% 0 0)")
    red = srgb("oklch(62.8% 0.2577 29.23)")

    measured = contrast(white, black)

    assert measured == pytest.approx(21, abs=0.01)
    assert contrast(white, red) == pytest.approx(4.0, abs=0.03)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_every_ground(theme: str, mode: str) -> None:
    shown = colours(theme, mode)

    weak = {
        f"{ink} on {ground}": round(contrast(shown[ink], shown[ground]), 2)
        for ink, ground in TEXT
        if contrast(shown[ink], shown[ground]) < 4.5
    }

    assert not weak


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("theme", THEMES)
def test_controls_stand_out_from_every_ground(theme: str, mode: str) -> None:
    shown = colours(theme, mode)

    weak = {
        f"{line} on {ground}": round(contrast(shown[line], shown[ground]), 2)
        for line, ground in CONTROLS
        if contrast(shown[line], shown[ground]) < 3.0
    }

    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_a_phone_too_old_for_two_modes_shows_the_same_day(theme: str) -> None:
    _, _, fallback = TOKENS.partition("@supports not")
    shown = colours(theme, "light")

    for_all, of_theme = fallback.split("}")[0], fallback.split(f'"{theme}"')[1].split("}")[0]
    old = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", for_all + of_theme))

    assert old.keys() == shown.keys()
    assert {name: hexadecimal(shown[name]) for name in old} == old


def hexadecimal(linear: Rgb) -> str:
    bent = (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in linear)
    return "".join(f"{round(255 * part):02x}" for part in bent)


def test_values_of_colour_live_in_the_tokens_alone() -> None:
    sheets = [path for path in STATIC.glob("css/*.css") if path.name != "tokens.css"]

    loose = {
        path.name: re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(|oklch\(", path.read_text("utf-8"))
        for path in sheets
    }

    assert sheets
    assert not {name: found for name, found in loose.items() if found}
