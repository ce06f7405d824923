'use strict';
// The official JavaScript client of a chosen generation, driven by the same lines as
// `sioscope stream`, so that both can be given one piece of work and compared packet by packet.
//
//   node client.js '{"generation":4,"url":"http://127.0.0.1:3000","namespaces":[{"nsp":"/"}],"options":{"transports":["websocket"]}}'
//
// Lines of standard input, in order: {"emit":[…],"nsp":…,"ack":true,"timeout_ms":…} {"join":nsp,"auth":{…}}
// {"leave":nsp} {"answer":[…],"nsp":…,"id":…} {"connect":true} {"disconnect":true}
// {"wait":{"event":…}|{"ack":true}|{"ms":…}|{"namespace":…}} {"quit":true}.
// A wait holds the next lines back, looks at what came since the wait before it was met, and ends
// the run with exit code 1 when its time (5,000 ms if it names none) is up. At the end of input
// it waits for the acks that are pending, then leaves.

const { toJson, fromJson, say, readLines } = require('./values');

const { generation = 4, url, namespaces = [{ nsp: '/' }], parser, options = {} } = JSON.parse(process.argv[2] || '{}');
if (parser === 'msgpack') options.parser = require(generation <= 2 ? 'socket.io-msgpack-parser-2' : 'socket.io-msgpack-parser-3');

const library = require(`socket.io-client-${generation}`);
const manager = new library.Manager(url, { ...options, autoConnect: false });
const sockets = new Map();
const toAnswer = new Map(); // "nsp id" -> the function that answers
let pending = 0;
let seen = []; // what a wait may still look at
let changed = () => {};

function note(line) {
  say(line);
  seen.push(line);
  changed();
}

watchManager();
function watchManager() {
  for (const event of ['reconnect_attempt', 'reconnect', 'reconnect_failed', 'reconnect_error', 'error', 'open', 'close']) {
    manager.on(event, (detail) => note({ saw: 'manager', event, detail: toJson(detail) }));
  }
  // `open` makes a new engine each time.
  const open = manager.open || manager.connect;
  manager.open = manager.connect = function (...args) {
    const before = manager.engine;
    const result = open.apply(this, args);
    if (manager.engine && manager.engine !== before) watchEngine(manager.engine);
    return result;
  };
}

function watchEngine(engine) {
  const tell = (dir) => (packet) =>
    say({ saw: 'packet', dir, transport: engine.transport && engine.transport.name, type: packet.type, data: toJson(packet.data) });
  engine.on('packet', tell('to_client'));
  engine.on('packetCreate', tell('to_server'));
  engine.on('upgrade', (transport) => note({ saw: 'upgrade', transport: transport.name }));
  engine.on('close', (reason) => note({ saw: 'engine_close', reason: toJson(reason) }));
}

function encodeQuery(auth) {
  return Object.entries(auth).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&');
}

/** Joins a namespace. Before generation 3 what would be `auth` travels as the namespace's query. */
function join(nsp, auth) {
  let socket = sockets.get(nsp);
  if (socket) {
    if (auth) Object.assign(socket, generation <= 2 ? { query: encodeQuery(auth) } : { auth });
    socket.open();
    return;
  }
  const own = auth && (generation <= 2 ? { query: encodeQuery(auth) } : { auth });
  socket = manager.socket(nsp, own || {});
  sockets.set(nsp, socket);
  watchSocket(socket, nsp);
  socket.open();
}

function watchSocket(socket, nsp) {
  socket.on('connect', () => note({ saw: 'connect', nsp, sid: socket.id, recovered: socket.recovered === true }));
  socket.on('disconnect', (reason) => note({ saw: 'disconnect', nsp, reason }));
  socket.on('connect_error', (error) => note({ saw: 'connect_error', nsp, ...toJson(error) }));
  if (generation <= 2) socket.on('error', (error) => note({ saw: 'connect_error', nsp, ...refusalOf(error) }));
  // The one place that every event passes in every generation, with the id of an ack that is wanted.
  const onevent = socket.onevent;
  socket.onevent = function (packet) {
    const [event, ...args] = packet.data || [];
    const asked = packet.id !== undefined && packet.id !== null;
    if (asked) toAnswer.set(`${nsp} ${packet.id}`, socket.ack(packet.id));
    note({ saw: 'event', nsp, event, args: toJson(args), id: asked ? packet.id : undefined });
    return onevent.call(this, packet);
  };
}

function refusalOf(error) {
  return error instanceof Error || typeof error === 'object' ? toJson(error) : { message: error };
}

function socketOf(nsp = '/') {
  const socket = sockets.get(nsp);
  if (!socket) throw new Error(`${nsp} was never joined`);
  return socket;
}

function emit({ emit: [event, ...args], nsp, ack, timeout_ms: timeoutMs }) {
  const socket = socketOf(nsp);
  const real = fromJson(args);
  if (!ack) return socket.emit(event, ...real);
  pending += 1;
  let over = false;
  const settle = (outcome) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    pending -= 1;
    note({ saw: 'ack', nsp: nsp || '/', event, ...outcome });
  };
  const timer = timeoutMs && setTimeout(() => settle({ error: 'operation has timed out' }), timeoutMs);
  return socket.emit(event, ...real, (...answer) => settle({ args: toJson(answer) }));
}

// Without an id it is the oldest question of the namespace that is answered.
function answer({ answer: args, nsp = '/', id }) {
  const key = id !== undefined ? `${nsp} ${id}` : [...toAnswer.keys()].find((one) => one.startsWith(`${nsp} `));
  const reply = toAnswer.get(key);
  if (!reply) throw new Error(`the server asked nothing with id ${id} in ${nsp}`);
  toAnswer.delete(key);
  reply(...fromJson(args));
}

function met({ event, nsp, ack, namespace }) {
  return (line) => {
    if (nsp && line.nsp !== nsp) return false;
    if (event) return line.saw === 'event' && line.event === event;
    if (ack) return line.saw === 'ack';
    return line.saw === 'connect' && line.nsp === namespace;
  };
}

function wait(condition) {
  const { ms, timeout_ms: timeoutMs = 5000 } = condition;
  return new Promise((resolve) => {
    if (ms !== undefined) return void setTimeout(resolve, ms);
    const timer = setTimeout(() => {
      say({ error: `waited in vain for ${JSON.stringify(condition)}` });
      process.exit(1);
    }, timeoutMs);
    const look = () => {
      const at = seen.findIndex(met(condition));
      if (at < 0) return;
      seen = seen.slice(at + 1);
      changed = () => {};
      clearTimeout(timer);
      resolve();
    };
    changed = look;
    look();
  });
}

/** Resolves when `condition()` holds, looking again at each thing that is seen. */
function until(condition) {
  return new Promise((resolve) => {
    changed = () => condition() && resolve();
    changed();
  });
}

async function leave() {
  for (const socket of sockets.values()) if (socket.connected) socket.disconnect();
  // What was written goes out before the process ends: the engine tells when it has closed.
  if (manager.engine && manager.engine.readyState !== 'closed') {
    await Promise.race([until(() => manager.engine.readyState === 'closed'), new Promise((done) => setTimeout(done, 2000))]);
  }
  // It ends by itself once its sockets have: what was written, compressed even, goes out first.
  process.stdin.destroy();
  setTimeout(() => process.exit(0), 2000).unref();
}

async function obey(line) {
  if (line.emit) emit(line);
  else if (line.join) join(line.join, line.auth);
  else if (line.leave) socketOf(line.leave).disconnect();
  else if (line.answer) answer(line);
  else if (line.connect) sockets.forEach((socket) => socket.open());
  else if (line.disconnect) sockets.forEach((socket) => socket.disconnect());
  else if (line.wait) await wait(line.wait);
  else if (line.quit) await leave();
  else throw new Error('no such command');
}

const queue = [];
let busy = false;
let ended = false;
async function drain() {
  if (busy) return;
  busy = true;
  while (queue.length > 0) {
    const line = queue.shift();
    try {
      await obey(line);
    } catch (error) {
      say({ error: error.message, line });
    }
  }
  busy = false;
  if (ended) {
    await until(() => pending === 0);
    await leave();
  }
}

namespaces.forEach(({ nsp, auth }) => join(nsp, auth));
readLines(
  (line) => {
    queue.push(line);
    drain();
  },
  () => {
    ended = true;
    drain();
  },
);
