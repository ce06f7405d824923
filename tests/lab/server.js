'use strict';
// A real Socket.IO server of a chosen generation, driven by JSON lines.
//
//   node server.js '{"generation":4,"pingInterval":300}'
//
// Keys of the configuration that are the lab's own:
//   generation  1 | 2 | 3 | 4
//   port        0 (a free one)
//   parser      "msgpack"
//   token       what /admin wants ("letmein")
//   tokenUses   how often one token is good; then whatever begins with `token` is a token of its own
//   greet       false: no "hello" after a join
//   tls         {"key":…,"cert":…} as PEM: HTTPS
//   slowMs      how long /slow takes to answer a CONNECT (500)
//   mute        true: / never answers a CONNECT
//   stuck       true: an upgrade does not release the poll that waits, as some servers forget to
//   forbid      true or a text: allowRequest refuses everybody
//   packets     true: print every Engine.IO packet
//   answerMs    how long every HTTP request and upgrade waits before the server looks at it
//   requests    true: print every HTTP request and WebSocket upgrade
// Every other key goes to Socket.IO as it is (path, transports, pingInterval, allowEIO3, …).
//
// It listens on 127.0.0.1, prints {"port":N} when it is ready, then one line for each thing that
// it sees ({"saw":…}), and obeys the lines of standard input ({"do":…}); see `commands` below.
// It ends when standard input closes, so that a killed test leaves nothing behind.

const http = require('http');
const https = require('https');
const { toJson, fromJson, say, readLines } = require('./values');
const application = require('./application');

const { generation = 4, port = 0, parser, token = 'letmein', tokenUses, greet = true, mute, stuck, tls, slowMs = 500, forbid, packets, requests, answerMs, ...options } =
  JSON.parse(process.argv[2] || '{}');

if (parser === 'msgpack') options.parser = require(generation <= 2 ? 'socket.io-msgpack-parser-2' : 'socket.io-msgpack-parser-3');
if (forbid) options.allowRequest = (_request, decide) => decide(forbid === true ? null : forbid, false);

const library = require(`socket.io-${generation}`);
function elsewhere(_request, response) {
  response.writeHead(404);
  response.end('nothing but Socket.IO here\n');
}
const listener = tls ? https.createServer(tls, elsewhere) : http.createServer(elsewhere);
const connections = new Set();
listener.on('connection', (tcp) => {
  connections.add(tcp);
  tcp.on('close', () => connections.delete(tcp));
});

const io = generation <= 2 ? library(listener, options) : new library.Server(listener, options);

if (answerMs) {
  // Whoever listened before is asked later.
  for (const event of ['request', 'upgrade']) {
    const asked = listener.listeners(event);
    listener.removeAllListeners(event);
    listener.on(event, (...args) => setTimeout(() => asked.forEach((one) => one.apply(listener, args)), answerMs));
  }
}

if (requests) {
  const tell = (how) => (request) =>
    say({ saw: 'request', how, method: request.method, url: request.url, headers: request.headers });
  listener.prependListener('request', tell('http'));
  listener.prependListener('upgrade', tell('upgrade'));
}

// What the engine sees.
const engines = new Map();
io.engine.on('connection', (engine) => {
  engines.set(engine.id, engine);
  say({ saw: 'engine', sid: engine.id, transport: engine.transport.name, protocol: engine.protocol || 3 });
  engine.on('upgrade', (transport) => say({ saw: 'upgrade', sid: engine.id, transport: transport.name }));
  engine.on('close', (reason) => {
    engines.delete(engine.id);
    say({ saw: 'engine_close', sid: engine.id, reason });
  });
  engine.on('error', (error) => say({ saw: 'engine_error', sid: engine.id, message: String(error) }));
  if (stuck) {
    engine.on('upgrading', () => {
      const send = engine.transport.send;
      engine.transport.send = function (list) {
        const rest = list.filter((packet) => packet.type !== 'noop');
        if (rest.length > 0) send.call(this, rest);
      };
    });
  }
  if (packets) {
    const tell = (dir) => (packet) =>
      say({ saw: 'packet', sid: engine.id, dir, transport: engine.transport.name, type: packet.type, data: toJson(packet.data) });
    engine.on('packet', tell('to_server'));
    engine.on('packetCreate', tell('to_client'));
  }
});
io.engine.on('connection_error', (error) => say({ saw: 'refused', code: error.code, message: error.message }));

application.install(io, { generation, token, tokenUses, greet, mute, slowMs, say });

// ---- control -------------------------------------------------------------------------------

function socketsOf(nsp = '/') {
  const sockets = io.of(nsp).sockets;
  if (sockets instanceof Map) return [...sockets.values()];
  return Object.keys(sockets).map((id) => sockets[id]);
}

/** The sockets that a command means: all of the namespace, or the one whose sid it names. */
function chosen({ nsp, sid }) {
  return socketsOf(nsp).filter((socket) => !sid || socket.id === sid);
}

/** No more heartbeats, neither sent, answered nor missed by the server. */
function stopPing(engine) {
  clearTimeout(engine.pingIntervalTimer);
  clearTimeout(engine.pingTimeoutTimer);
  const send = engine.sendPacket;
  engine.sendPacket = function (type, ...rest) {
    if (type !== 'ping' && type !== 'pong') send.call(this, type, ...rest);
  };
  engine.schedulePing = engine.resetPingTimeout = engine.setPingTimeout = () => {};
}

/** Resolves when a frame can be written to the client: at once, or when its poll is waiting. */
async function polled(engine) {
  for (let tries = 1000; engine.transport.name === 'polling' && !engine.transport.writable; tries -= 1) {
    if (tries === 0) throw new Error('no poll came');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Writes `data` to the client as it is, around the library's encoder. */
async function writeRaw(engine, data) {
  await polled(engine);
  const transport = engine.transport;
  if (transport.name === 'websocket') {
    transport.socket.send(data);
  } else {
    transport.writable = false;
    transport.doWrite(data, { compress: false }, () => {});
  }
}

const commands = {
  /** DISCONNECT for the sockets of a namespace; the engine stays. */
  disconnect: (line) => chosen(line).forEach((socket) => socket.disconnect()),
  /** DISCONNECT, and the engine closed. */
  disconnect_close: (line) => chosen(line).forEach((socket) => socket.disconnect(true)),
  /** Closes the engines without a word of Socket.IO. */
  engine_close: () => engines.forEach((engine) => engine.close()),
  /** Closes the WebSockets with a code of choice. */
  ws_close: ({ code, reason }) =>
    engines.forEach((engine) => engine.transport.name === 'websocket' && engine.transport.socket.close(code, reason)),
  /**
   * Ends the TCP connections: a reset, or with "how":"fin" an ordinary end without any goodbye.
   * A polling client has none between two polls, so this waits until its poll is there.
   */
  kick_tcp: async ({ how }) => {
    for (const engine of engines.values()) await polled(engine);
    connections.forEach((tcp) => (how === 'fin' ? tcp.end() : tcp.resetAndDestroy()));
  },
  /** Freezes the heartbeats of the engines that are there. */
  stop_ping: () => engines.forEach(stopPing),
  /** Does nothing else for so long, as a handler that computes does. */
  block: ({ ms }) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
  },
  /** Emits to a namespace, to a room of it or to one sid; with "ack" waits for the answers as `ask` does. */
  emit: (line) => {
    if (line.ack) return commands.ask(line);
    const args = fromJson(line.args || []);
    if (line.sid) return chosen(line).forEach((socket) => socket.emit(line.event, ...args));
    const nsp = io.of(line.nsp || '/');
    (line.room ? nsp.to(line.room) : nsp).emit(line.event, ...args);
  },
  /** Emits with an ack to each socket that is meant, and prints what each answers. */
  ask: (line) =>
    chosen(line).forEach((socket) =>
      socket.emit(line.event, ...fromJson(line.args || []), (...answer) =>
        say({ saw: 'answer', nsp: line.nsp || '/', sid: socket.id, event: line.event, args: toJson(answer) }))),
  /**
   * Bytes of choice: "text" is the data of an Engine.IO message ("2[bad" for a broken event),
   * "frame" a whole frame or polling body, "b64" a binary one.
   */
  send_raw: async ({ text, frame, b64 }) => {
    for (const engine of engines.values()) {
      if (text !== undefined) engine.sendPacket('message', text);
      if (frame !== undefined) await writeRaw(engine, frame);
      if (b64 !== undefined) await writeRaw(engine, Buffer.from(b64, 'base64'));
    }
  },
  /** Computes for so long: the process does nothing else. */
  block: ({ ms }) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
  },
  /** What /admin wants from now on. */
  token: (line) => {
    rules.token = line.token;
  },
  /** Shuts the Socket.IO server down in its own way. */
  close_io: () => io.close(),
  /** Refuses new connections and drops those that are there, as a restart does. */
  stop_listening: () =>
    new Promise((resolve) => {
      listener.close(() => {
        say({ saw: 'stopped' });
        resolve();
      });
      connections.forEach((tcp) => tcp.resetAndDestroy());
    }),
  /** Listens again, on the same port. */
  listen: () => listen(bound),
  exit: () => process.exit(0),
};

let bound = port;
function listen(at) {
  return new Promise((resolve) => {
    listener.listen(at, '127.0.0.1', () => {
      bound = listener.address().port;
      say({ port: bound });
      resolve();
    });
  });
}

readLines(
  (line) => {
    if (!Object.hasOwn(commands, line.do)) throw new Error(`unknown command ${JSON.stringify(line.do)}`);
    Promise.resolve(commands[line.do](line)).then(
      () => say({ done: line.do }),
      (error) => say({ error: error.message, line }),
    );
  },
  () => process.exit(0),
);
listener.on('error', (error) => say({ error: error.message }));
listen(port);
