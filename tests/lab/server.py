"""A real python-socketio server, driven by the same JSON lines as server.js and doing the same.

    .venv/bin/python server.py '{"pingInterval":300}'

The configuration has server.js's names and milliseconds: port, path, transports, allowUpgrades,
pingInterval, pingTimeout, maxHttpBufferSize, httpCompression, cookie, parser ("msgpack"), token,
slowMs, salute, packets, and "alwaysConnect" and "pingIntervalSeconds", which are python-socketio's own. It
ends when standard input closes.
"""

import asyncio
import base64
import json
import os
import socket
import struct
import sys
import time

import engineio.async_socket
import engineio.packet
import socketio
from aiohttp import web

from values import from_json, say, to_json

CONFIG = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
NAMESPACES = ["/", "/chat", "/admin", "/slow", "/deny", "/silent"]


def server_options():
    taken = {
        "transports": "transports",
        "allowUpgrades": "allow_upgrades",
        "maxHttpBufferSize": "max_http_buffer_size",
        "httpCompression": "http_compression",
        "cookie": "cookie",
        "alwaysConnect": "always_connect",
    }
    options = {mine: CONFIG[given] for given, mine in taken.items() if given in CONFIG}
    # As people set it who do not know that: seconds, with a fraction.
    if "pingIntervalSeconds" in CONFIG:
        options["ping_interval"] = CONFIG["pingIntervalSeconds"]
    for given, mine in {"pingInterval": "ping_interval", "pingTimeout": "ping_timeout"}.items():
        if given not in CONFIG:
            continue
        # The handshake of python-engineio cuts both down to whole seconds, so that 300 ms would
        # become "pingInterval":0 and every client would drop the connection.
        if CONFIG[given] % 1000 != 0:
            sys.exit(f"{given} is {CONFIG[given]}: python-socketio announces whole seconds only")
        options[mine] = CONFIG[given] // 1000
    if CONFIG.get("parser") == "msgpack":
        options["serializer"] = "msgpack"
    return options


# ---- the engine's seams: heartbeats that can be frozen, packets that can be watched -----------

FROZEN = set()  # the engines without heartbeats


class PatientAsyncio:
    """asyncio as the engine sees it, but once heartbeats were frozen no silence is too long for it."""

    def __getattr__(self, name):
        return getattr(asyncio, name)

    @staticmethod
    async def wait_for(awaitable, timeout):
        task = asyncio.ensure_future(awaitable)
        try:
            return await asyncio.wait_for(asyncio.shield(task), timeout)
        except asyncio.TimeoutError:
            if FROZEN:
                return await task
            task.cancel()
            raise


engineio.async_socket.asyncio = PatientAsyncio()


class Engine(engineio.async_socket.AsyncSocket):
    async def receive(self, pkt):
        self.tell("to_server", pkt)
        await super().receive(pkt)

    async def send(self, pkt):
        if self.sid in FROZEN and pkt.packet_type == engineio.packet.PING:
            return
        self.tell("to_client", pkt)
        await super().send(pkt)

    async def check_ping_timeout(self):
        return True if self.sid in FROZEN and not self.closed else await super().check_ping_timeout()

    def tell(self, direction, pkt):
        if CONFIG.get("packets"):
            kind = engineio.packet.packet_names[pkt.packet_type].lower()
            say({"saw": "packet", "sid": self.sid, "dir": direction, "type": kind, "data": to_json(pkt.data)})


engineio.async_socket.AsyncSocket = Engine

sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", **server_options())
WEBSOCKETS = set()


class Seen(sio.eio._async["websocket"]):
    async def __call__(self, environ):
        WEBSOCKETS.add(self)
        try:
            return await super().__call__(environ)
        finally:
            WEBSOCKETS.discard(self)


sio.eio._async = {**sio.eio._async, "websocket": Seen}


# ---- the application: the same as application.js ----------------------------------------------


async def echo(nsp, sid, *args):
    await sio.emit("echo", args, to=sid, namespace=nsp)
    return args


async def ack_never(_nsp, _sid, *_args):
    return sio.not_handled


async def ack_late(_nsp, _sid, delay, *rest):
    await asyncio.sleep(delay / 1000)
    return rest


async def ask(nsp, sid, *args):
    async def answered(*answer):
        await sio.emit("answered", answer, to=sid, namespace=nsp)

    await sio.emit("ask", args, to=sid, namespace=nsp, callback=answered)
    return sio.not_handled


async def kick(nsp, sid, *_args):
    await sio.disconnect(sid, namespace=nsp)
    return sio.not_handled


async def kick_close(nsp, sid, *_args):
    engine = sio.manager.eio_sid_from_sid(sid, nsp)
    await sio.disconnect(sid, namespace=nsp)
    await sio.eio.disconnect(engine)
    return sio.not_handled


async def bye(nsp, sid, *_args):
    await sio.emit("bye", ("see you",), to=sid, namespace=nsp)
    return await kick_close(nsp, sid)


async def flood(nsp, sid, count=100):
    for i in range(count):
        await sio.emit("flood", (i,), to=sid, namespace=nsp)
    return count


async def big(nsp, sid, size=1000):
    await sio.emit("big", ("x" * size,), to=sid, namespace=nsp)
    return sio.not_handled


async def binary(nsp, sid, size=4):
    some = bytes(i % 256 for i in range(size))
    await sio.emit("binary", (some, {"nested": [some, "text"]}), to=sid, namespace=nsp)
    return sio.not_handled


async def whoami(nsp, sid, *_args):
    environ = sio.get_environ(sid, nsp)
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    engine = sio.manager.eio_sid_from_sid(sid, nsp)
    return {"sid": sid, "nsp": nsp, "transport": sio.eio.transport(engine), "query": environ.get("QUERY_STRING"), "headers": headers}


async def join(nsp, sid, room):
    await sio.enter_room(sid, room, namespace=nsp)
    return room


async def leave(nsp, sid, room):
    await sio.leave_room(sid, room, namespace=nsp)
    return room


async def say_to(nsp, sid, room, text):
    await sio.emit("said", ({"room": room, "text": text, "from": sid},), room=room, namespace=nsp)
    return sio.not_handled


TICKETS = {}


async def greet_back(nsp, sid, name):
    return {"text": f"{CONFIG.get('salute', 'hello')} {name}", "at": int(time.time() * 1000), "by": sid}


async def login(nsp, sid, name):
    TICKETS[sid] = f"{name}-{os.urandom(6).hex()}"
    await sio.emit("ticket", ({"ticket": TICKETS[sid]},), to=sid, namespace=nsp)
    return {"ticket": TICKETS[sid]}


async def use(_nsp, sid, given):
    return ("welcome" if given.get("ticket") == TICKETS.get(sid) else "forbidden", given.get("ticket"))


EVENTS = {
    "echo": echo, "ack-never": ack_never, "ack-late": ack_late, "ask": ask, "kick": kick, "kick-close": kick_close,
    "bye": bye, "flood": flood, "big": big, "binary": binary, "whoami": whoami, "join": join, "leave": leave, "say": say_to,
    "greet": greet_back, "login": login, "use": use,
}


async def greet(nsp, sid):
    # The CONNECT reply goes first: the library writes it after the connect handler has returned.
    while not sio.manager.is_connected(sid, nsp):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    await sio.emit("hello", ({"nsp": nsp, "generation": "python"},), to=sid, namespace=nsp)


def install(nsp):
    @sio.on("connect", namespace=nsp)
    async def connect(sid, _environ, auth):
        if not isinstance(auth, dict):
            auth = None  # under msgpack the JavaScript client's `undefined` arrives as an extension type
        if nsp == "/admin" and (auth or {}).get("token") != CONFIG.get("token", "letmein"):
            raise socketio.exceptions.ConnectionRefusedError("authentication error", {"code": 401, "hint": "send auth.token"})
        if nsp == "/deny":
            raise socketio.exceptions.ConnectionRefusedError("closed", {"reason": "closed today"})
        if nsp == "/slow":
            await asyncio.sleep(CONFIG.get("slowMs", 500) / 1000)
        if nsp == "/silent":
            await asyncio.Event().wait()
        engine = sio.manager.eio_sid_from_sid(sid, nsp)
        say({"saw": "connection", "nsp": nsp, "sid": sid, "recovered": False, "transport": sio.eio.transport(engine), "auth": auth})
        if nsp == "/chat":
            await sio.enter_room(sid, "lobby", namespace=nsp)
        sio.start_background_task(greet, nsp, sid)

    @sio.on("disconnect", namespace=nsp)
    async def disconnect(sid, reason):
        say({"saw": "disconnect", "nsp": nsp, "sid": sid, "reason": reason})

    @sio.on("*", namespace=nsp)
    async def any_event(event, sid, *args):
        handle = EVENTS.get(event)
        return sio.not_handled if handle is None else await handle(nsp, sid, *args)


for one in NAMESPACES:
    install(one)

handle_event = sio._handle_event


async def watch_event(engine, nsp, ack_id, data):
    nsp = nsp or "/"
    sid = sio.manager.sid_from_eio_sid(engine, nsp)
    say({"saw": "event", "nsp": nsp, "sid": sid, "event": data[0], "args": to_json(data[1:]), "ack": ack_id is not None})
    await handle_event(engine, nsp, ack_id, data)


sio._handle_event = watch_event


# ---- control: the same as server.js -----------------------------------------------------------


class Control:
    def __init__(self, runner):
        self.runner = runner
        self.site = None
        self.port = CONFIG.get("port", 0)

    @staticmethod
    def chosen(line):
        nsp = line.get("nsp", "/")
        return [(nsp, sid) for sid, _ in list(sio.manager.get_participants(nsp, None)) if line.get("sid") in (None, sid)]

    async def listen(self, _line=None):
        self.site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await self.site.start()
        self.port = self.site._server.sockets[0].getsockname()[1]
        say({"port": self.port})

    async def stop_listening(self, _line):
        await self.site.stop()
        await self.kick_tcp({})
        say({"saw": "stopped"})

    async def disconnect(self, line):
        for nsp, sid in self.chosen(line):
            await kick(nsp, sid)

    async def disconnect_close(self, line):
        for nsp, sid in self.chosen(line):
            await kick_close(nsp, sid)

    async def engine_close(self, _line):
        for sid in list(sio.eio.sockets):
            await sio.eio.disconnect(sid)

    async def ws_close(self, line):
        for one in list(WEBSOCKETS):
            await one._sock.close(code=line["code"], message=line.get("reason", "").encode())

    async def kick_tcp(self, line):
        for handler in list(self.runner.server.connections):
            tcp = handler.transport
            if tcp is None:
                continue
            if line.get("how") == "fin":
                tcp.close()
            else:
                tcp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                tcp.abort()

    async def stop_ping(self, _line):
        FROZEN.update(sio.eio.sockets)

    async def emit(self, line):
        if line.get("ack"):
            return await self.ask(line)
        target = line.get("sid") or line.get("room")
        args = tuple(from_json(line.get("args", [])))
        await sio.emit(line["event"], args, to=target, namespace=line.get("nsp", "/"))

    async def ask(self, line):
        def answered_by(nsp, sid):
            return lambda *answer: say({"saw": "answer", "nsp": nsp, "sid": sid, "event": line["event"], "args": to_json(answer)})

        args = tuple(from_json(line.get("args", [])))
        for nsp, sid in self.chosen(line):
            await sio.emit(line["event"], args, to=sid, namespace=nsp, callback=answered_by(nsp, sid))

    async def send_raw(self, line):
        for sid in list(sio.eio.sockets):
            if "text" in line:
                await sio.eio.send(sid, line["text"])
        raw = line.get("frame", base64.b64decode(line["b64"]) if "b64" in line else None)
        if raw is not None and not WEBSOCKETS:
            say({"error": "send_raw: this server writes whole frames over WebSocket only"})
        for one in list(WEBSOCKETS):
            if raw is not None:
                await one.send(raw)

    async def close_io(self, _line):
        await sio.shutdown()

    async def exit(self, _line):
        raise SystemExit(0)


async def main():
    app = web.Application()
    sio.attach(app, socketio_path=CONFIG.get("path", "/socket.io").strip("/"))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    control = Control(runner)
    await control.listen()

    lines = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while text := await lines.readline():
        try:
            line = json.loads(text)
            name = line["do"]
            if name.startswith("_") or name not in vars(Control) or name == "chosen":
                raise ValueError(f"unknown command {name!r}")
            await getattr(control, name)(line)
            say({"done": name})
        except Exception as error:  # told to the test, which prints all that it saw
            say({"error": repr(error), "line": text.decode(errors="replace")})


try:
    asyncio.run(main())
finally:
    # No graceful shutdown: the test is over, and open polls would hold the process for seconds.
    sys.stdout.flush()
    os._exit(0)
