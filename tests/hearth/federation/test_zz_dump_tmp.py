import datetime, random
from hearth.accounts.permissions import Role
from hearth.aggregates.families_served import FAMILIES_SERVED
from hearth.federation.services import calendar
from hearth.giving.indicators import GIFTS_RECEIVED
from hearth.shelter.indicators import BED_NIGHTS
from hearth.aggregates.publication import protect
from hearth.aggregates.rounding import Base
from hearth.aggregates.services import store_cubes
from hearth.indicators import Period
from tenants.models import new_id
def test_dump(sign_in, spb, pskov, shared):
    r=random.Random(3)
    for m in calendar(datetime.date(2025,6,1), datetime.date(2026,10,1)):
        for org,k in ((spb,4),(pskov,2)):
            for ind in (FAMILIES_SERVED,BED_NIGHTS,GIFTS_RECEIVED):
                if org is pskov and m.month==4: continue
                counts={c: r.randint(0, k*(60 if ind is BED_NIGHTS else 3)) for c in ind.cells}
                bd={c:[r.choice([1500,2500,5000]) for _ in range(n)] for c,n in counts.items()} if ind is GIFTS_RECEIVED else {}
                store_cubes(shared,[protect(ind,counts=counts,by_donor=bd,organisation=org.schema_name,period=Period.month(m.year,m.month,org.timezone),base=Base.FEDERATION,snapshot_id=new_id(),secret="x"*40)],secret="x"*40)
    v=sign_in(Role.FEDERATION_STAFF,"federation")
    for name,path in (("n","/numbers/"),("one","/numbers/?since=2026-02&until=2026-02"),("d","/numbers/definitions/"),("err","/numbers/?since=2026-03&until=2026-01")):
        open(f"/tmp/page_{name}.html","w").write(v.get(path).text.replace('"/static/','"file:///work/main/platform/hearth/static/'))
    open("/tmp/n.xlsx","wb").write(v.get("/numbers/hearth-numbers.xlsx").data)
