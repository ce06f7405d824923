"""The python client (python-socketio), driven by the same lines as client.js and `sioscope stream`.

    .venv/bin/python client.py '{"url":"http://127.0.0.1:3000","namespaces":["/"],"transports":["polling"]}'

Keys of the configuration: url, path, namespaces (a list of names), transports, auth, compress (the
window bits of permessage-deflate that it offers over WebSocket; none by default), reconnection.

Lines of standard input, in order: {"emit":[…],"nsp":…,"ack":true} {"disconnect":true}
{"wait":{"event":…}|{"ack":true}|{"ms":…}|{"namespace":…}|{"upgrade":true}} {"quit":true}. A wait
holds the next lines back and ends the run with exit code 1 when its time (5,000 ms if it names
none) is up. It prints one JSON line for each thing that it sees; every Engine.IO packet is one,
{"saw":"packet","dir":…,"type":…,"data":…}.
"""

import asyncio
import json
import os
import sys

import socketio

from values import from_json, say, to_json

CONFIG = json.loads(sys.argv[1])
TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"]


seen = []
changed = asyncio.Event()


def note(line):
    say(line)
    seen.append(line)
    changed.set()


def watch_engine(client):
    """Tells every packet that the engine takes in or gives out."""
    engine = client.eio
    receive, send = engine._receive_packet, engine._send_packet

    def tell(direction, packet):
        data = packet.data
        say({"saw": "packet", "dir": direction, "type": TYPES[packet.packet_type], "data": to_json(data)})

    async def received(packet):
        tell("to_client", packet)
        return await receive(packet)

    async def sent(packet):
        tell("to_server", packet)
        return await send(packet)

    engine._receive_packet, engine._send_packet = received, sent


def watch_socket(client, namespace):
    async def connected():
        note({"saw": "connect", "nsp": namespace})

    async def disconnected(reason=None):
        note({"saw": "disconnect", "nsp": namespace, "reason": reason})

    async def refused(data=None):
        note({"saw": "connect_error", "nsp": namespace, "message": to_json(data)})

    async def any_event(event, *arguments):
        note({"saw": "event", "nsp": namespace, "event": event, "args": to_json(list(arguments))})
        # What the lab's server asks is answered with what it asked.
        return tuple(arguments) if event == "ask" else None

    client.on("connect", connected, namespace=namespace)
    client.on("disconnect", disconnected, namespace=namespace)
    client.on("connect_error", refused, namespace=namespace)
    client.on("*", any_event, namespace=namespace)


async def until(condition, seconds):
    async def look():
        while not condition():
            changed.clear()
            await changed.wait()

    await asyncio.wait_for(look(), seconds)


async def wait(client, what):
    if "ms" in what:
        return await asyncio.sleep(what["ms"] / 1000)
    global seen

    def met():
        global seen
        if what.get("upgrade"):
            return client.transport() == "websocket"
        for place, line in enumerate(seen):
            fits = (
                (line["saw"] == "event" and line["event"] == what.get("event"))
                or (line["saw"] == "ack" and what.get("ack"))
                or (line["saw"] == "connect" and line["nsp"] == what.get("namespace"))
            )
            if fits:
                seen = seen[place + 1 :]
                return True
        return False

    try:
        await until(met, what.get("timeout_ms", 5000) / 1000)
    except asyncio.TimeoutError:
        say({"error": f"waited in vain for {json.dumps(what)}"})
        os._exit(1)
    return None


async def obey(client, line):
    if "emit" in line:
        event, *arguments = from_json(line["emit"])
        namespace = line.get("nsp", "/")

        def answered(*answer):
            note({"saw": "ack", "nsp": namespace, "event": event, "args": to_json(list(answer))})

        await client.emit(
            event,
            tuple(arguments),
            namespace=namespace,
            callback=answered if line.get("ack") else None,
        )
    elif "wait" in line:
        await wait(client, line["wait"])
    elif "disconnect" in line:
        await client.disconnect()
    elif "quit" in line:
        return False
    else:
        say({"error": "no such command", "line": line})
    return True


async def main():
    extra = {"compress": CONFIG["compress"]} if "compress" in CONFIG else {}
    client = socketio.AsyncClient(
        reconnection=CONFIG.get("reconnection", False),
        websocket_extra_options=extra,
    )
    namespaces = CONFIG.get("namespaces", ["/"])
    for namespace in namespaces:
        watch_socket(client, namespace)
    watch_engine(client)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await client.connect(
        CONFIG["url"],
        auth=CONFIG.get("auth"),
        transports=CONFIG.get("transports"),
        namespaces=namespaces,
        socketio_path=CONFIG.get("path", "/socket.io"),
    )
    while True:
        line = await lines.readline()
        if not line:
            break
        if line.strip() and not await obey(client, json.loads(line)):
            break
    if client.connected:
        # Over polling it may wait for a poll that the server answers with its next ping.
        try:
            await asyncio.wait_for(client.disconnect(), 1)
        except asyncio.TimeoutError:
            pass
    await asyncio.sleep(0.1)
    os._exit(0)


asyncio.run(main())
