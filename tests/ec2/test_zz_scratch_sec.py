import json
from dataclasses import asdict
from reconciler.queue import RunRequest
from reconciler.domain.memory import Made
from tests.ec2.test_ownership_on_ec2 import *
def acts(calls, a): return [(c.request.action, {k:v for k,v in c.params.items() if k!='TagSpecifications'}) for c in calls if c.mutating]
def test_released_vpc():
    a=Account(); v=a.converged_vpc("ab"); a.tag(v, released_until="2099-01-01T00:00:00Z")
    with a.calls() as c: r=a.converge(v)
    print("RELEASED", acts(c,a), r[-1].ending)
def test_released_all_subnets():
    a=Account(); v=a.converged_vpc("ab")
    for s in a.truth.private_subnets(v): a.tag(s["SubnetId"], released_until="2099-01-01T00:00:00Z")
    with a.calls() as c: r=a.converge(v)
    print("SUBNETS", acts(c,a), r[-1].ending, [(f.finding.kind,f.status) for f in r[-1].findings])
def test_leaving_past():
    a=Account(); v=a.converged_vpc("ab"); 
    take(a, v, INSTALLATION.profile_key)
    for e in a.truth.endpoints(v): put(a,e["VpcEndpointId"],{INSTALLATION.leaving_key:"2020-01-01T00:00:00Z"})
    with a.calls() as c: r=a.converge(v)
    print("LEAVING", acts(c,a), r[-1].ending)
def test_queue():
    a=Account(); v=a.vpc("ab", profile="none"); t=strangers(a,v); put(a,t,marks_of(v))
    req=RunRequest(v,1,made=(Made(t,marks_of(v)["Name"],0),))
    with a.calls() as c: r=a.converge(v, request=RunRequest.from_json(req.to_json()))
    print("QUEUE", acts(c,a), r[-1].ending)
def test_adoption():
    a=Account(); v=a.vpc("ab", profile="appmesh"); t=strangers(a,v)
    subs=[s["SubnetId"] for s in a.truth.private_subnets(v)]
    a.customer.modify_vpc_endpoint(VpcEndpointId=t, AddSubnetIds=[s for s in subs if s not in seen(a,t)["SubnetIds"]]); a.clock.advance(300)
    a.converge(v)
    k=(f"vpc#{v}","state"); item=a.dynamo.items[k]; d=json.loads(item["doc"]["S"])
    d["adoptions"]=[{"endpoint_id":t,"subnet_ids":subs[:1],"private_dns":True,"leaving_at":1}]
    a.dynamo.items[k]={**item,"doc":{"S":json.dumps(d)}}
    with a.calls() as c: r=a.converge(v)
    print("ADOPT", acts(c,a), r[-1].ending)
def test_bad_doc():
    a=Account(); v=a.vpc("ab", profile="none"); t=strangers(a,v); put(a,t,marks_of(v, SQS, OWNER, VPC_MARK))
    a.dynamo.items[(f"vpc#{v}","state")]={"pk":{"S":f"vpc#{v}"},"sk":{"S":"state"},"doc":{"S":"rubbish"},"version":{"N":"1"}}
    with a.calls() as c: r=a.converge(v)
    print("BADDOC", acts(c,a), r[-1].ending)
def test_intention():
    from tests.account import ROLE
    a=Account(); a.profiles={"own": profile_of("sqs")}; v=a.vpc("ab", profile="own")
    a.ec2.faults.before("CreateVpcEndpoint", "RequestLimitExceeded", times=3)
    r=a.one_run(v)
    t=strangers(a,v); put(a,t,marks_of(v))
    with a.calls() as c: r=a.converge(v)
    print("INTENT", acts(c,a), r[-1].ending, [(f.finding.kind,f.status) for f in r[-1].findings])
def test_two_marks_vpcs_emptyledger():
    a=Account(); a.ledger._complete=False; a.dynamo.items.clear()
    v=a.vpc("ab", profile="none"); t=strangers(a,v); put(a,t,marks_of(v))
    a.ledger=a.new_ledger()
    with a.calls() as c: r=a.converge(v)
    print("EMPTY", acts(c,a), r[-1].ending)
