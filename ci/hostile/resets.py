#!/usr/bin/env python3
"""MQTT through a proxy that resets every connection 100 ms after it was made: what does each quality of service keep?

Usage: resets.py PORTILLON [--qos 0,1,2] [--seconds 60] [--equipments 100] [--rate 10/s]

QoS 2: every validation arrives, once. QoS 1: every one arrives, some more than once. QoS 0: those arrive that the proxy let
through, which it counts by itself: it takes the stream apart and passes on whole packets only. There the server's side of a
connection ends in order, so that nothing is lost behind the proxy; at QoS 1 and 2 both sides are reset.
"""
import argparse
import asyncio
import os
import socket
import struct
import sys
import threading

import program
import wire

AFTER_S = 0.1


class Proxy:
    def __init__(self, upstream, gentle):
        self.upstream, self.gentle = upstream, gentle
        self.connections = self.publishes = self.dropped = 0
        self.under_way = {}  # client identifier -> done when its last connection to the server has ended

    async def meet(self, reader, writer):
        self.connections += 1
        until = asyncio.get_running_loop().time() + AFTER_S
        ends = []
        try:
            packets, first = wire.MqttReader(), None
            while first is None:
                packets.bytes += await self.more(reader, until)
                before = packets.bytes
                first = packets.next()
            await self.forward(reader, writer, until, packets, first, before[:len(before) - len(packets.bytes)], ends)
        except (ConnectionError, TimeoutError, asyncio.TimeoutError):
            pass
        finally:
            self.reset(writer)
            if ends:
                await self.end(*ends)

    async def forward(self, reader, writer, until, packets, connect, bytes_of_connect, ends):
        name = connect[2][10 + 1 + connect[2][10]:] if connect[2][6] == 5 else connect[2][10:]
        client_id = name[2:2 + int.from_bytes(name[:2], "big")]
        # The client's last connection first: the next one takes its session over, and the server need not read the rest of the last.
        before = self.under_way.get(client_id)
        mine = self.under_way[client_id] = asyncio.get_running_loop().create_future()
        ends += [mine]
        if before is not None:
            await before
        up_reader, up_writer = await asyncio.open_connection(*self.upstream)
        ends += [up_reader, up_writer]
        up_writer.write(bytes_of_connect)
        back = asyncio.create_task(self.pass_back(up_reader, writer))
        try:
            while True:
                while True:
                    before = packets.bytes
                    packet = packets.next()
                    if packet is None:
                        break
                    up_writer.write(before[:len(before) - len(packets.bytes)])
                    self.publishes += packet[0] == wire.PUBLISH
                packets.bytes += await self.more(reader, until)
        finally:
            back.cancel()

    async def more(self, reader, until):
        left = until - asyncio.get_running_loop().time()
        data = await asyncio.wait_for(reader.read(1 << 16), max(0, left))
        if not data:
            raise ConnectionError
        return data

    async def pass_back(self, up_reader, writer):
        try:
            while data := await up_reader.read(1 << 16):
                writer.write(data)
        except ConnectionError:
            pass

    def reset(self, writer):
        if (raw := writer.get_extra_info("socket")) is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def end(self, mine, up_reader=None, up_writer=None):
        try:
            if up_writer is not None and self.gentle:
                up_writer.write_eof()
                await asyncio.wait_for(up_reader.read(), 10)
                up_writer.close()
            elif up_writer is not None:
                self.reset(up_writer)
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            if not mine.done():
                mine.set_result(None)

    async def listen(self):
        self.server = await asyncio.start_server(self.meet, "127.0.0.1", 0, backlog=1_024)
        self.port = self.server.sockets[0].getsockname()[1]

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # connections come and go
        self.loop.run_until_complete(self.listen())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    async def end_all(self):
        self.server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end_all(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


def problems_of(qos, run, proxy):
    if problem := run.imbalance():
        return [problem]
    tally, ledger, delivery = run.report["tally"], run.report["ledger"], run.report["delivery"]
    generated = tally["generated"]
    promised = {
        0: [("delivered", ledger["delivered"], proxy.publishes), ("undelivered", delivery["undelivered"], generated - proxy.publishes),
            ("duplicated", ledger["duplicated"], 0)],
        1: [("lost", delivery["lost"], 0), ("delivered", ledger["delivered"], generated)],
        2: [("lost", delivery["lost"], 0), ("delivered", ledger["delivered"], generated), ("duplicated", ledger["duplicated"], 0),
            ("acknowledged", tally["acknowledged"], generated)],
    }[qos]
    found = [f"{name} is {is_}, not {should}" for name, is_, should in promised if is_ != should]
    if ledger["unexpected"]:
        found.append(f"{ledger['unexpected']} unexpected")
    if proxy.connections < 2 * run.report["fleet"]["equipments"]:
        found.append(f"only {proxy.connections} connections: nothing was reset")
    if run.exit_code not in (0, 3):  # 3: the machine was too busy for a measurement; the books hold all the same
        found.append(f"exit code {run.exit_code}: {run.stderr.strip()[-300:]}")
    return found


def reset_all_the_time(portillon, qos, seconds, equipments, rate):
    with program.Server(portillon, listeners=["mqtt"]) as server, Proxy(server.addresses["mqtt"], gentle=qos == 0) as proxy:
        run = program.Run(portillon, "mqtt", f"mqtt://127.0.0.1:{proxy.port}", "--equipments", str(equipments), "--rate", rate,
                          "--duration", f"{seconds}s", "--set", f"protocols.mqtt.qos={qos}", "--set", "delivery.batch.max=1",
                          "--set", "delivery.retry.base=20ms", "--set", "delivery.retry.max=200ms", "--set", "delivery.drain=60s",
                          ledger=server.admin, patience_s=seconds + 150)
        return run, proxy, problems_of(qos, run, proxy)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("portillon")
    parser.add_argument("--qos", default="0,1,2")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--equipments", type=int, default=100)
    parser.add_argument("--rate", default="10/s")
    given = parser.parse_args()
    failed = 0
    for qos in map(int, given.qos.split(",")):
        run, proxy, problems = reset_all_the_time(os.path.abspath(given.portillon), qos, given.seconds, given.equipments, given.rate)
        figures = ""
        if run.report:
            tally, ledger, delivery = run.report["tally"], run.report["ledger"] or {}, run.report["delivery"]
            figures = (f"generated {tally['generated']}, delivered {ledger.get('delivered')}, duplicated {ledger.get('duplicated')}, "
                       f"lost {delivery['lost']}, undelivered {delivery['undelivered']}, acknowledged {tally['acknowledged']}; ")
        print(f"QoS {qos}: {figures}{proxy.connections} connections reset, {proxy.publishes} PUBLISH passed on, {run.took_s:.1f} s")
        for problem in problems:
            failed += 1
            print(f"FAIL QoS {qos}: {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
