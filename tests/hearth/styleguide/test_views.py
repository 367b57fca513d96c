import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel
from markupsafe import Markup

import hearth
from hearth.styleguide.samples import MODES, THEMES
from hearth.styleguide.views import ERRORS, KINDS, blueprint
from hearth.web import formatting

STATIC = Path(hearth.__file__).parent / "static"
PAGES = ["", *KINDS, *(f"errors/{code}" for code in ERRORS)]
FIRST_LOAD = 60_000


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("hearth")
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    Babel(app)
    formatting.register(app)
    app.jinja_env.globals["form_token"] = lambda: Markup('<input type="hidden" name="token">')
    app.register_blueprint(blueprint)
    return app.test_client()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_kind_keeps_the_house_rules(client: FlaskClient, page: str) -> None:
    html = client.get(f"/styleguide/{page}").get_data(as_text=True)

    ids = re.findall(r'\sid="([^"]+)"', html)

    assert '<html lang="en" data-theme="spb">' in html
    assert len(re.findall(r"<h1[ >]", html)) == 1
    assert len(re.findall(r"<main[ >]", html)) == 1
    assert 'href="#main"' in html
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r"<script(?![^>]*\ssrc=\"/)", html)
    assert not re.search(r"(?:src|srcset)=\"(?:https?:)?//", html)
    assert not re.search(r"<link[^>]+href=\"(?!/static/)", html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("page", PAGES)
def test_every_label_and_description_points_at_something(client: FlaskClient, page: str) -> None:
    html = client.get(f"/styleguide/{page}").get_data(as_text=True)

    ids = set(re.findall(r'\sid="([^"]+)"', html))
    named = re.findall(r'\s(?:for|aria-describedby|aria-labelledby)="([^"]+)"', html)

    assert {name for names in named for name in names.split()} <= ids


@pytest.mark.parametrize("page", KINDS)
def test_a_page_arrives_within_sixty_kilobytes(client: FlaskClient, page: str) -> None:
    html = client.get(f"/styleguide/{page}").get_data(as_text=True)

    needed = set(re.findall(r'(?:href|src)="/static/([^"]+)"', html))
    weight = len(html.encode()) + sum((STATIC / name).stat().st_size for name in needed)

    assert needed
    assert weight < FIRST_LOAD


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("theme", THEMES)
def test_each_theme_shows_its_own_name_and_mode(client: FlaskClient, theme: str, mode: str) -> None:
    html = client.get(f"/styleguide/file?theme={theme}&mode={mode}").get_data(as_text=True)

    names = [name for name in THEMES.values() if name in html]

    assert f'data-theme="{theme}" data-mode="{mode}"' in html
    assert names == [THEMES[theme]]


def test_a_title_names_no_family(client: FlaskClient) -> None:
    html = client.get("/styleguide/file").get_data(as_text=True)

    title = re.findall(r"<title>(.*?)</title>", html)

    assert title[0] == "Family · Hearth St Petersburg"


@pytest.mark.parametrize("address", ["nothing", "errors/418", "?theme=hotel"])
def test_what_the_styleguide_does_not_know_it_does_not_show(
    client: FlaskClient, address: str
) -> None:
    response = client.get(f"/styleguide/{address}")

    assert response.status_code == 404
