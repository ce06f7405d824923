'use strict';
// A client written by hand, as people write them: it says what its script tells it to, keeps to no
// protocol, and records what crosses the wire as a session file.
//
//   node raw.js '{"url":"http://127.0.0.1:3000","eio":4,"record":"x.sio.jsonl","script":[{"send":"40"},{"ms":300}]}'
//
// Keys: `url`, `eio` (4), `record` (the file), `target` (what the file calls the server), `pong`
// (true: it answers pings), `headers`, and `script`, in order:
//   {"send":"40"}  {"b64":"…"}       a text or binary frame
//   {"until":"40"}                   waits for a text frame that begins so (5 s at most)
//   {"ms":300}                       waits
//   {"pong":false}                   answers pings from here on, or does not
//   {"close":4000,"reason":"…"}      a close frame
//   {"again":true}                   ends this connection with a close frame, if it is still there,
//                                    and makes a new one
// It ends with the script.

const fs = require('fs');
const WebSocket = require('ws');

const { url, eio = 4, record, script = [], headers = {}, ...config } = JSON.parse(process.argv[2]);
const began = process.hrtime.bigint();
let n = 0;
let c = 0;
let x = 0;

const file = fs.openSync(record, 'w', 0o600);
const put = (line) => fs.writeSync(file, `${JSON.stringify(line)}\n`);
put({ sioscope: 1, started: new Date().toISOString(), source: 'tap', target: config.target || url, tool: '0.1.0' });
function note(k, more) {
  const t = Number((process.hrtime.bigint() - began) / 1000n) / 1e6;
  n += 1;
  put({ n, t, c, k, ...more });
}
const pairs = (raw) => raw.reduce((all, one, at) => (at % 2 ? all : [...all, [one, raw[at + 1]]]), []);
const frame = (dir, data, isBinary) =>
  note('frame', isBinary ? { dir, op: 'binary', b64: Buffer.from(data).toString('base64') } : { dir, op: 'text', data: data.toString() });

let socket;
let pong = config.pong !== false;
let heard = [];
let changed = () => {};

function connect() {
  c += 1;
  x += 1;
  heard = [];
  const address = `${url.replace(/^http/, 'ws')}/socket.io/?EIO=${eio}&transport=websocket`;
  const mine = new WebSocket(address, { headers, perMessageDeflate: false });
  const number = x;
  note('request', { x: number, method: 'GET', url: address, headers: [['Connection', 'Upgrade'], ['Upgrade', 'websocket']] });
  mine.on('upgrade', (answer) =>
    note('response', { x: number, status: answer.statusCode, headers: pairs(answer.rawHeaders), timing: {} }));
  mine.on('unexpected-response', (_request, answer) => {
    note('response', { x: number, status: answer.statusCode, headers: pairs(answer.rawHeaders), timing: {} });
    changed();
  });
  mine.on('message', (data, isBinary) => {
    frame('to_client', data, isBinary);
    const text = isBinary ? '' : data.toString();
    heard.push(text);
    if (text === '2' && pong && eio === 4) say('3');
    changed();
  });
  mine.on('close', (code, reason) => {
    if (code === 1006) {
      note('transport', { name: 'websocket', state: 'closed', error: 'the connection ended without a close frame (code 1006)' });
    } else if (!mine.bye) {
      note('frame', { dir: 'to_client', op: 'close', ...(code === 1005 ? {} : { code }), ...(reason.length ? { reason: reason.toString() } : {}) });
    }
    mine.gone = true;
    changed();
  });
  mine.on('error', () => {});
  socket = mine;
  return new Promise((resolve) => {
    changed = () => (mine.gone || heard.length > 0) && resolve();
    mine.on('close', resolve);
  });
}

function say(text) {
  if (socket.gone) return;
  frame('to_server', text, false);
  socket.send(text);
}

function close(code, reason) {
  if (socket.gone || socket.bye) return;
  socket.bye = true;
  note('frame', { dir: 'to_server', op: 'close', ...(code ? { code } : {}), ...(reason ? { reason } : {}) });
  socket.close(code, reason);
}

function until(start) {
  return new Promise((resolve) => {
    const look = () => {
      const at = heard.findIndex((text) => text.startsWith(start));
      if (at < 0 && !socket.gone) return;
      heard = heard.slice(at + 1);
      resolve();
    };
    changed = look;
    setTimeout(resolve, 5000);
    look();
  });
}

async function obey(step) {
  if (step.send !== undefined) say(step.send);
  else if (step.b64 !== undefined) {
    const data = Buffer.from(step.b64, 'base64');
    if (!socket.gone) {
      frame('to_server', data, true);
      socket.send(data);
    }
  } else if (step.until !== undefined) await until(step.until);
  else if (step.ms !== undefined) await new Promise((resolve) => setTimeout(resolve, step.ms));
  else if (step.pong !== undefined) pong = step.pong;
  else if (step.close !== undefined) close(step.close, step.reason);
  else if (step.again) {
    close();
    await connect();
  } else throw new Error(`no such step: ${JSON.stringify(step)}`);
}

connect()
  .then(async () => {
    for (const step of script) await obey(step);
    close();
  })
  .then(() => setTimeout(() => process.exit(0), 50));
