import cProfile,pstats
from tests.isolation.belongings import ids_in
def test_x(session, sign_in, app, monkeypatch):
    i=ids_in(session,"spb")
    app.error_handler_spec[None][None].pop(Exception)
    app.testing=True
    v=sign_in("specialist")
    try:
        r=v.get("/families/"+i["household_id"])
    finally:
        app.testing=False
    p=cProfile.Profile()
    p.enable()
    for _ in range(30): v.get("/families/"+i["household_id"]+"/services/new")
    p.disable()
    pstats.Stats(p).sort_stats("cumulative").print_stats(45)
