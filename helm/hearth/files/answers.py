#!/usr/bin/env python3
"""Asks the running service whether it is ready, and whether it ignores hosts it does not serve."""

import http.client
import sys

service, domain = sys.argv[1:]
expected = {
    (f"federation.{domain}", "/livez"): 200,
    (f"federation.{domain}", "/readyz"): 200,
    (f"nobody-lives-here.{domain}", "/"): 404,
}
wrong = []
for (host, path), status in expected.items():
    connection = http.client.HTTPConnection(service, 80, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse().status
    if answer != status:
        wrong.append(f"{host}{path} answered {answer}, not {status}")
    connection.close()
sys.exit("\n".join(wrong) or 0)
