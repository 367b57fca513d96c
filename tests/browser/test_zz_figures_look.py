import time, datetime, cProfile, pstats
from hearth.figures.services import *
from hearth.figures import services as s
def test_look(stack):
    with stack.session_of("spb") as session:
        today=datetime.date.today(); k=dict(timezone="Europe/Moscow", today=today)
        off=months_on_offer(session, **k)
        read_report(session, offered=off, **k)
        t=time.monotonic(); r=read_report(session, offered=off, **k); print("report", time.monotonic()-t)
        for i in SHOWN:
            t=time.monotonic()
            for p in (*r.periods, r.over_all, r.before): s._count(session, i, p)
            print(i.id, time.monotonic()-t)
        pr=cProfile.Profile(); pr.enable(); read_report(session, offered=off, **k); pr.disable()
        pstats.Stats(pr).sort_stats("cumtime").print_stats(35)
