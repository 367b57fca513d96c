"""Dump pages as files through a pytest run, for looking at."""
import re
from datetime import timedelta
from pathlib import Path
from tests.factories.families import *
from tests.factories.intake import take_referral
from tests.factories.service_delivery import record_service
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.intake.vocabulary import *
OUT=Path("/tmp/h/pages"); OUT.mkdir(exist_ok=True)
STATIC=Path("/work/main/platform/hearth/static")
def dump(name, text):
    text=re.sub(r'(href|src)="/static/([^"?]+)[^"]*"', lambda m: f'{m[1]}="file://{STATIC}/{m[2]}"', text)
    (OUT/f"{name}.html").write_text(text)
def test_dump(session, sign_in):
    h=open_family(session, members=[mother(given_name="Тестовая", family_name="Мать", phone="+7 900 000-00-00", preferred_language="ru", contact_note="Only after 18:00; her sister may answer. Never mention us.", safe_to_call=True), child(1), child(2, birth=born(2000))])
    for i,k in enumerate(list(ServiceKind)[:8]):
        record_service(session,h,kind=k,delivered_on=TODAY-timedelta(days=i*7),note="Short note about what happened" if i%2 else None)
    for i in range(4): open_family(session)
    r=take_referral(session, mother_name="Testova Test-Mother", mother_contact="+7 900 111-11-11", situation="Her husband put her out.\nShe waits at the station.", urgency=Urgency.IMMEDIATE)
    for u in Urgency: take_referral(session, urgency=u)
    v=sign_in("social-worker")
    m=h.current_members[1].id
    for name,path in {"families":"/families/","file":f"/families/{h.id}","member_new":f"/families/{h.id}/members/new","leave":f"/families/{h.id}/members/{m}/leave","close":f"/families/{h.id}/close","service":f"/families/{h.id}/services/new","referrals":"/referrals/","referral":f"/referrals/{r.id}","take":"/referrals/new","open":f"/referrals/{r.id}/open","decline":f"/referrals/{r.id}/decline"}.items():
        dump(name, v.get(path).text)
    dump("open_err", v.submit(f"/referrals/{r.id}/open",{"rows":"2","given_name":""}).text)
