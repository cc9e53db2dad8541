"""A TCP proxy that forwards bytes unchanged and remembers them: what went each way, in which order, and who ended what first.

It ends its side towards the server in order, whatever the client did, and lets nobody through before those whose client is
gone have come to their end there: so the server reads all that was forwarded to it, and reads it in this order.
"""
import asyncio
import itertools
import socket
import struct
import threading
import time

UP, DOWN = "up", "down"
PATIENCE_S = 5


class Meeting:
    """One connection through the proxy. An end is (order, instant, "fin", "reset" or "refused"), ordered with the chunks."""

    def __init__(self, number):
        self.number = number
        self.opened_ns = time.monotonic_ns()
        self.chunks = []  # (order, instant, UP or DOWN, bytes)
        self.client_end = self.server_end = None


class ServerSide(asyncio.Protocol):
    def __init__(self, client):
        self.client = client
        self.transport = None
        self.gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.client.note(DOWN, data)
        if self.client.is_there():
            self.client.transport.write(data)

    def eof_received(self):
        self.client.server_ended("fin")
        if self.client.meeting.client_end is not None:
            return False
        if self.client.is_there():
            self.client.transport.write_eof()
        return True

    def connection_lost(self, error):
        self.client.server_ended("reset" if error else "fin")
        self.client.leave(reset=error is not None)
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self):
        self.client.transport.pause_reading()

    def resume_writing(self):
        self.client.transport.resume_reading()


class ClientSide(asyncio.Protocol):
    def __init__(self, proxy):
        self.proxy = proxy
        self.meeting = self.transport = self.server = None
        self.early, self.there = [], False

    def connection_made(self, transport):
        self.transport, self.there = transport, True
        self.meeting = Meeting(len(self.proxy.meetings))
        self.proxy.meetings.append(self.meeting)
        self.proxy.tasks.add(task := asyncio.get_running_loop().create_task(self.reach()))
        task.add_done_callback(self.proxy.tasks.discard)

    async def reach(self):
        await self.proxy.leavers_gone()
        if not self.there and not self.early:
            return
        try:
            _, self.server = await asyncio.get_running_loop().create_connection(lambda: ServerSide(self), *self.proxy.upstream)
        except OSError:
            self.server_ended("refused")
            self.leave(reset=True)
            return
        for data in self.early:
            self.forward(data)
        self.early = []
        if self.meeting.client_end is not None:
            self.end_towards_server()

    def forward(self, data):
        self.note(UP, data)
        if not self.server.transport.is_closing():
            self.server.transport.write(data)

    def note(self, direction, data):
        self.meeting.chunks.append((next(self.proxy.order), time.monotonic_ns(), direction, bytes(data)))

    def is_there(self):
        return self.there and not self.transport.is_closing()

    def data_received(self, data):
        if self.server is None:
            self.early.append(data)
        else:
            self.forward(data)

    def eof_received(self):
        self.client_ended("fin")
        return self.meeting.server_end is None  # else both have ended

    def connection_lost(self, error):
        self.there = False
        self.client_ended("reset" if error else "fin")
        if self.server is not None:
            self.server.transport.resume_reading()

    def client_ended(self, how):
        if self.meeting.client_end is None:
            self.meeting.client_end = (next(self.proxy.order), time.monotonic_ns(), how)
            self.end_towards_server()

    def end_towards_server(self):
        if self.server is None or self.server.transport.is_closing():
            return
        self.proxy.leavers.add(self.server)
        self.server.gone.add_done_callback(lambda _: self.proxy.leavers.discard(self.server))
        if self.meeting.server_end is not None:
            self.server.transport.close()
        else:
            self.server.transport.write_eof()

    def server_ended(self, how):
        if self.meeting.server_end is None:
            self.meeting.server_end = (next(self.proxy.order), time.monotonic_ns(), how)

    def leave(self, reset):
        if not self.is_there():
            return
        if reset:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.transport.close()

    def pause_writing(self):
        if self.server is not None:
            self.server.transport.pause_reading()

    def resume_writing(self):
        if self.server is not None:
            self.server.transport.resume_reading()


class Proxy:
    """Listens on a port of the kernel's choice, until the block ends."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.meetings, self.leavers, self.tasks = [], set(), set()
        self.order = itertools.count()

    async def leavers_gone(self):
        if leavers := [side.gone for side in self.leavers if not side.gone.done()]:
            await asyncio.wait(leavers, timeout=PATIENCE_S)

    async def listen(self):
        self.server = await asyncio.get_running_loop().create_server(lambda: ClientSide(self), "127.0.0.1", 0, backlog=1_024)
        self.port = self.server.sockets[0].getsockname()[1]

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self.complain)
        self.loop.run_until_complete(self.listen())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def complain(self, _, context):
        if not isinstance(context.get("exception"), (OSError, type(None))):
            self.loop.default_exception_handler(context)

    async def end_all(self):
        self.server.close()
        await self.leavers_gone()

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end_all(), self.loop).result(2 * PATIENCE_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
