from pathlib import Path
def test_look(visit):
    for width in (360, 1280):
        v = visit(width)
        v._screenshots = Path("/tmp/h/figshots")
        v.sign_in("spb", "director")
        v.open("spb", "/figures/"); v.look("figures")
        v.open("spb", "/figures/?since=2024-01&until=2026-11"); v.look("figures-long")
        v.open("spb", "/figures/?since=2026-10&until=2026-10"); v.look("figures-one")
        v.open("spb", "/figures/?since=2026-10&until=2026-11&lang=ru"); v.look("figures-two-ru")
        v.open("spb", "/figures/?since=2026-10&until=2026-01"); v.photograph("figures-error")
