import datetime, threading, pathlib
from hearth.demo import sample
from hearth.demo.sample_staff import PASSWORD
from hearth.accounts.permissions import Role
from sqlalchemy import select
from hearth.shelter.models import Stay
def test_shots(session, pskov, spb, sign_in, app):
    out=pathlib.Path("/tmp/h/shots_shelter"); out.mkdir(exist_ok=True)
    v=sign_in(Role.SOCIAL_WORKER); d=sign_in(Role.DIRECTOR)
    sample.fill(spb, today=datetime.date(2026,11,22), report=lambda d,t: None)
    stays=session.scalars(select(Stay).where(Stay.ended_on.is_(None))).all()
    ended=session.scalars(select(Stay).where(Stay.ended_on.is_not(None))).first()
    hh=ended.household_id
    pages={"tonight":"/shelter/","houses":"/shelter/houses","stay":f"/shelter/stays/{stays[0].id}","ended":f"/shelter/stays/{ended.id}","admit":f"/families/{hh}/admit","end":f"/shelter/stays/{stays[0].id}/end","move":f"/shelter/stays/{stays[0].id}/move/{stays[0].stay_places[0].person_id}"}
    static=pathlib.Path(app.static_folder)
    for n,p in pages.items():
        r=(d if n=="houses" else v).get(p); assert r.status_code==200,(n,r.status_code)
        html=r.text
        html=html.replace('"/static/','"file://'+str(static)+'/')
        (out/f"{n}.html").write_text(html)
    r=v.submit(pages["end"], {"ended_on":"2020-01-01"}); (out/"end422.html").write_text(r.text.replace('"/static/','"file://'+str(static)+'/'))
