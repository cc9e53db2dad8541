#!/usr/bin/env python3
"""`portillon run` against nginx, and through it.

It answers by itself and says goodbye after every few requests: all is acknowledged, nothing rejected. It throttles and is
unavailable: counted by cause. It stands before `portillon serve` (grpc_pass): unary calls and streams arrive, once each.

Usage: http2_nginx.py PORTILLON
"""
import os
import subprocess
import sys
import tempfile

import mqtt_tools as tools

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

portillon = sys.argv[1]
REQUESTS_OF_A_CONNECTION = 7

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {root}/pid;
error_log {root}/error.log notice;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
  client_max_body_size 8m;
  limit_req_zone $server_port zone=slow:1m rate=20r/s;
  limit_req_status 429;
  server {{
    listen 127.0.0.1:{port} http2;
    keepalive_requests {keepalive_requests};
    location = /accepts {{ return 204; }}
    location = /throttles {{ add_header Retry-After 1 always; limit_req zone=slow burst=4 nodelay; try_files /none @accept; }}
    location = /is_closed {{ return 503; }}
    location = /is_closed_for_a_second {{ add_header Retry-After 1 always; return 503; }}
    location @accept {{ return 204; }}
    location / {{ return 404; }}
  }}
  server {{
    listen 127.0.0.1:{proxy_port} http2;
    keepalive_requests {keepalive_requests};
    location / {{ grpc_pass grpc://{upstream}; grpc_read_timeout 60s; grpc_send_timeout 60s; }}
  }}
}}
"""


class Nginx:
    def __init__(self, root, upstream):
        self.root, self.port, self.proxy_port = root, tools.free_port(), tools.free_port()
        with open(f"{root}/nginx.conf", "w") as file:
            file.write(CONFIGURATION.format(root=root, port=self.port, proxy_port=self.proxy_port, upstream=upstream,
                                            keepalive_requests=REQUESTS_OF_A_CONNECTION))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", root, "-c", f"{root}/nginx.conf", "-e", f"{root}/error.log"])
        tools.wait_for(self.port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def log(self):
        with open(f"{self.root}/error.log") as file:
            return file.read()


def run(protocol, target, *options, equipments=5, rate=40, duration="2s", ledger=None):
    done = program.Run(portillon, protocol, target, "--equipments", str(equipments), "--rate", f"{rate}/s", "--duration",
                       duration, *options, ledger=ledger)
    imbalance = done.imbalance()
    assert imbalance is None, imbalance
    generated = equipments * rate * int(duration[:-1])
    assert done.report["tally"]["generated"] == generated, done.report["tally"]
    return done, generated


def accepts(nginx):
    for in_flight in (1, 4):
        done, generated = run("http2", f"http://127.0.0.1:{nginx.port}/accepts", "--set", "delivery.batch.max=1",
                              "--set", f"delivery.in_flight={in_flight}")
        tally, report = done.report["tally"], done.report
        print("accepts", in_flight, tally, report["errors"], report["fleet"])
        assert done.exit_code in program.DELIVERED, done.stderr
        assert tally["acknowledged"] == generated and tally["rejected"] == 0, tally
        # nginx closes a connection after that many requests.
        least = generated // REQUESTS_OF_A_CONNECTION - report["fleet"]["equipments"]
        assert report["fleet"]["reconnects"] >= least, (report["fleet"], least)
        assert not [cause for cause in report["errors"] if "goaway" not in cause and "refused_stream" not in cause], report["errors"]


def throttles(nginx):
    done, generated = run("http2", f"http://127.0.0.1:{nginx.port}/throttles", "--set", "delivery.batch.max=1",
                          "--set", "delivery.drain=60s", rate=10)
    tally, errors = done.report["tally"], done.report["errors"]
    print("throttles", tally, errors)
    assert done.exit_code in program.DELIVERED, done.stderr
    assert tally["acknowledged"] == generated and tally["rejected"] == 0, tally
    throttled = sum(count for cause, count in errors.items() if cause.endswith("http_429"))
    assert 0 < throttled <= tally["retries"], (errors, tally)


def is_closed(nginx):
    for path in ("is_closed", "is_closed_for_a_second"):
        done, generated = run("http2", f"http://127.0.0.1:{nginx.port}/{path}", "--set", "delivery.drain=1s",
                              "--set", "delivery.retry.jitter=none", "--set", "delivery.retry.base=200ms", rate=10, duration="1s")
        tally, errors = done.report["tally"], done.report["errors"]
        print(path, tally, errors)
        assert tally["acknowledged"] == 0 and tally["rejected"] == 0, tally
        # Each doubles the wait for the next, whatever connections come and go meanwhile: ten would take minutes.
        unavailable = sum(count for cause, count in errors.items() if cause.endswith("http_503"))
        assert 0 < unavailable < 10 * generated, errors


def is_elsewhere(nginx):
    done, generated = run("http2", f"http://127.0.0.1:{nginx.port}/elsewhere", "--set", "delivery.drain=1s", rate=10, duration="1s")
    print("elsewhere", done.report["tally"], done.report["errors"])
    assert done.report["tally"]["rejected"] == generated, done.report["tally"]


def passes_on(nginx, server, protocol):
    done, generated = run(protocol, f"grpc://127.0.0.1:{nginx.proxy_port}", ledger=server.admin)
    report = done.report
    print("passes on", protocol, report["tally"], report["ledger"], report["errors"], report["fleet"])
    assert done.exit_code in program.DELIVERED, done.stderr
    assert report["tally"]["acknowledged"] == generated, report["tally"]
    assert report["ledger"]["delivered"] == generated, report["ledger"]
    assert report["delivery"]["lost"] == report["delivery"]["undelivered"] == 0, report["delivery"]


with tempfile.TemporaryDirectory() as folder, program.Server(portillon, listeners=("grpc",)) as server:
    os.chmod(folder, 0o755)
    front = Nginx(folder, "{}:{}".format(*server.addresses["grpc"]))
    try:
        accepts(front)
        throttles(front)
        is_closed(front)
        is_elsewhere(front)
        for name in ("grpc", "grpc-stream"):
            passes_on(front, server, name)
    except AssertionError:
        print(front.log()[-2000:])
        raise
    finally:
        front.stop()
print("passed")
