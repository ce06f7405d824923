'use strict';
// What the lab's servers do, equal in every generation (server.py does the same):
//
//   /        open to all
//   /chat    rooms; everybody begins in "lobby"
//   /admin   needs the token: `auth.token` from generation 3 on, `?token=` of the namespace before
//   /deny    refuses everybody, with data
//   /slow    answers a CONNECT late
//   /silent  never answers a CONNECT

const { toJson } = require('./values');

// Each handler gets the socket, the arguments and the ack (undefined when none was asked for).
const events = {
  /** All arguments back as an event, and as the ack when there is one. */
  echo: (socket, args, ack) => {
    socket.emit('echo', ...args);
    if (ack) ack(...args);
  },
  'ack-never': () => {},
  'ack-late': (_socket, [ms, ...rest], ack) => ack && setTimeout(() => ack(...rest), ms),
  /** The server asks the client in turn, and tells what it answered. */
  ask: (socket, args) => socket.emit('ask', ...args, (...answer) => socket.emit('answered', ...answer)),
  kick: (socket) => socket.disconnect(),
  'kick-close': (socket) => socket.disconnect(true),
  /** A word before the door closes. */
  bye: (socket) => {
    socket.emit('bye', 'see you');
    socket.disconnect(true);
  },
  /** `count` small events in a row. */
  flood: (socket, [count = 100], ack) => {
    for (let i = 0; i < count; i += 1) socket.emit('flood', i);
    if (ack) ack(count);
  },
  /** One event of `size` characters. */
  big: (socket, [size = 1000]) => socket.emit('big', 'x'.repeat(size)),
  /** Buffers on the top level and nested. */
  binary: (socket, [size = 4]) => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => i % 256));
    socket.emit('binary', bytes, { nested: [bytes, 'text'] });
  },
  /** What the server knows of the client's handshake. */
  whoami: (socket, _args, ack) => {
    const { query, auth, headers, url } = socket.handshake;
    const engine = socket.conn;
    if (ack) ack(toJson({ sid: socket.id, nsp: socket.nsp.name, transport: engine.transport.name, query, auth, headers, url }));
  },
  join: (socket, [room], ack) => {
    socket.join(room);
    if (ack) ack(room);
  },
  leave: (socket, [room], ack) => {
    socket.leave(room);
    if (ack) ack(room);
  },
  /** To everybody in the room, the sender too. */
  say: (socket, [room, text]) => socket.nsp.to(room).emit('said', { room, text, from: socket.id }),
};

/** Whether a token is good, once more. */
function examine(token, tokenUses) {
  const used = new Map();
  return (given) => {
    if (tokenUses === undefined) return given === token ? undefined : 'authentication error';
    if (!String(given).startsWith(token)) return 'authentication error';
    used.set(given, (used.get(given) || 0) + 1);
    return used.get(given) <= tokenUses ? undefined : 'jwt expired';
  };
}

function install(io, { generation, token, tokenUses, greet, mute, slowMs, say }) {
  const refusal = (message, data) => {
    const error = new Error(message);
    // Up to generation 2 `data` takes the message's place on the wire.
    if (data !== undefined) error.data = data;
    return error;
  };

  const wrong = examine(token, tokenUses);
  io.of('/admin').use((socket, next) => {
    const given = generation <= 2 ? socket.handshake.query.token : socket.handshake.auth.token;
    const why = wrong(given);
    if (!why) return next();
    return next(refusal(why, generation <= 2 ? undefined : { code: 401, hint: 'send auth.token' }));
  });
  io.of('/deny').use((_socket, next) => next(refusal('closed', { reason: 'closed today' })));
  io.of('/slow').use((_socket, next) => setTimeout(next, slowMs));
  io.of('/silent').use(() => {});
  if (mute) io.of('/').use(() => {});

  for (const nsp of ['/', '/chat', '/admin', '/slow', '/deny', '/silent']) {
    io.of(nsp).on('connection', (socket) => welcome(socket, nsp, { generation, greet, say }));
  }
}

function welcome(socket, nsp, { generation, greet, say }) {
  const sid = socket.id;
  say({
    saw: 'connection', nsp, sid, recovered: socket.recovered === true, transport: socket.conn.transport.name,
    auth: toJson(socket.handshake.auth), query: toJson(socket.handshake.query),
  });
  if (nsp === '/chat') socket.join('lobby');

  // The one place that every event passes in every generation.
  const onevent = socket.onevent;
  socket.onevent = function (packet) {
    const [event, ...args] = packet.data;
    say({ saw: 'event', nsp, sid, event, args: toJson(args), ack: packet.id !== undefined && packet.id !== null });
    return onevent.call(this, packet);
  };
  for (const [event, handle] of Object.entries(events)) {
    socket.on(event, (...args) => {
      const ack = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
      handle(socket, args, ack);
    });
  }
  socket.on('error', (error) => say({ saw: 'error', nsp, sid, message: String(error && error.message) }));
  socket.on('disconnect', (reason) => say({ saw: 'disconnect', nsp, sid, reason }));
  if (greet && !socket.recovered) socket.emit('hello', { nsp, generation });
}

module.exports = { install };
