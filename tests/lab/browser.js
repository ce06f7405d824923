'use strict';
// A real headless Chromium and the network panel of its own developer tools.
//
//   node browser.js '{"record":"http://127.0.0.1:3000","har":"/tmp/page.har"}'
//   node browser.js '{"import":"/tmp/page.har"}'
//
// `record` opens a page that uses socket.io-client (polling, then the upgrade) on the server of that URL, which must
// allow other origins; when the page is through, the network panel's own writer saves what it saw as HAR, as its
// "Export HAR" does. Prints {"recorded":N} with the number of requests.
//
// `import` gives a HAR file to the network panel's own importer, as its "Import HAR" does, and prints what the panel
// would show: {"imported":[{"url","type","status","body","frames":[{"type","opcode","text","time"}]}]}.
//
// "chromium" names the program (default: chromium).

const { spawn } = require('child_process');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const WebSocket = require('ws');
const { say } = require('./values');

const task = JSON.parse(process.argv[2] || '{}');

/** Starts the browser with a home of its own. It ends with its pipe, even where this process is killed. */
async function start() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sioscope-chromium-'));
  const browser = spawn(task.chromium || 'chromium', [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--remote-debugging-port=0', '--remote-debugging-pipe',
    '--remote-allow-origins=*', `--user-data-dir=${home}`, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  const stop = () => {
    browser.kill('SIGKILL');
    // What it started may still write there for a moment.
    for (let tries = 20; tries > 0; tries -= 1) {
      try {
        fs.rmSync(home, { recursive: true, force: true, maxRetries: 10 });
        return;
      } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      }
    }
  };
  process.on('exit', stop);
  process.stdin.on('end', () => process.exit(1)).resume();
  const address = await new Promise((found, failed) => {
    let said = '';
    browser.on('error', failed);
    browser.on('exit', () => failed(new Error(`chromium ended: ${said}`)));
    browser.stderr.on('data', (text) => {
      said += text;
      const match = /DevTools listening on (ws:\S+)/.exec(said);
      if (match) found(match[1]);
    });
  });
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await new Promise((opened, failed) => socket.on('open', opened).on('error', failed));
  const waiting = new Map();
  socket.on('message', (text) => {
    const { id, error, result } = JSON.parse(text);
    const one = waiting.get(id);
    waiting.delete(id);
    if (one && error) one.failed(new Error(JSON.stringify(error)));
    else if (one) one.done(result);
  });
  let last = 0;
  const call = (method, params, sessionId) => new Promise((done, failed) => {
    last += 1;
    waiting.set(last, { done, failed });
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
  });
  return {
    host: new URL(address).host,
    call,
    async tab(url) {
      const { targetId } = await call('Target.createTarget', { url });
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
      return { targetId, sessionId };
    },
    /** What a function gives that is run in a tab. */
    async run(tab, body, ...args) {
      const expression = `(${body})(...${JSON.stringify(args)})`;
      const { result, exceptionDetails: wrong } = await call(
        'Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, tab.sessionId);
      if (wrong) throw new Error(wrong.exception ? wrong.exception.description : wrong.text);
      return result.value;
    },
  };
}

/** Asks again and again, for at least 30 s. */
async function until(what, ask) {
  for (let tries = 600; tries > 0; tries -= 1) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`waited in vain: ${what}`);
}

/** The page: joins two namespaces, emits, asks, sends and gets bytes, over polling and then over WebSocket. */
function page(server) {
  window.said = [];
  window.through = (async () => {
    const { io } = window;
    const manager = new io.Manager(server, { query: { token: 'query-secret' } });
    const root = manager.socket('/', { auth: { token: 'auth-secret' } });
    const chat = manager.socket('/chat');
    const heard = (event) => new Promise((done) => root.once(event, (...args) => done(args)));
    await Promise.all([root, chat].map((socket) => new Promise((done) => socket.once('connect', done))));
    window.said.push(await root.emitWithAck('echo', 'grüße', 1));
    if (manager.engine.transport.name !== 'websocket') {
      await new Promise((done) => manager.engine.once('upgrade', done));
    }
    window.said.push(await root.emitWithAck('echo', 'over websocket', { deep: [1, 2, { x: 'ü' }] }));
    const bytes = heard('binary');
    root.emit('binary', 5);
    window.said.push((await bytes).length);
    chat.emit('say', 'lobby', 'hi');
    window.said.push(await root.emitWithAck('echo', new Uint8Array([0, 1, 254, 255]).buffer).then((sent) => sent.byteLength));
    root.disconnect();
    chat.disconnect();
    await new Promise((done) => setTimeout(done, 200));
    return window.said;
  })();
}

async function record() {
  const script = fs.readFileSync(path.join(__dirname, 'node_modules/socket.io-client-4/dist/socket.io.min.js'));
  const site = http.createServer((request, response) => {
    if (request.url === '/socket.io.min.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    } else {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><title>page</title><script src="/socket.io.min.js"></script>`
        + `<script>(${page})(${JSON.stringify(task.record)})</script>`);
    }
  });
  await new Promise((ready) => site.listen(0, '127.0.0.1', ready));
  const browser = await start();
  const tab = await browser.tab('about:blank');
  // The developer tools look at the tab as they do for a person: before the page is there.
  const tools = await browser.tab(
    `devtools://devtools/bundled/devtools_app.html?ws=${browser.host}/devtools/page/${tab.targetId}`);
  await until('the network panel', () => browser.run(tools, async () => {
    const { TargetManager, NetworkManager } = await import('./core/sdk/sdk.js');
    await import('./models/logs/logs.js');
    return TargetManager.TargetManager.instance().models(NetworkManager.NetworkManager).length > 0;
  }));
  await browser.call('Page.navigate', { url: `http://127.0.0.1:${site.address().port}/` }, tab.sessionId);
  const said = await until('the page', () => browser.run(tab, async () => window.through));
  const har = await until('the export', () => browser.run(tools, async () => {
    const { NetworkLog } = await import('./models/logs/logs.js');
    const { Writer } = await import('./models/har/har.js');
    const { Progress } = await import('./core/common/common.js');
    let text = '';
    const requests = NetworkLog.NetworkLog.instance().requests();
    if (!requests.some((one) => one.frames().length > 10)) return undefined;
    const progress = Progress && Progress.Progress ? new Progress.Progress() : { canceled: false };
    if (Writer.Writer.harStringForRequests) {
      const composite = new Progress.CompositeProgress(progress);
      text = await Writer.Writer.harStringForRequests(requests, { sanitize: false }, composite);
    }
    return text;
  }));
  fs.writeFileSync(task.har, har);
  say({ recorded: JSON.parse(har).log.entries.length, said });
}

async function imported() {
  const browser = await start();
  const tools = await browser.tab('devtools://devtools/bundled/devtools_app.html');
  await until('the importer', () => browser.run(tools, async () => (await import('./models/har/har.js')) && true));
  const shown = await browser.run(tools, async (text) => {
    const { HARFormat, Importer } = await import('./models/har/har.js');
    const root = new HARFormat.HARRoot(JSON.parse(text));
    const requests = Importer.Importer.requestsFromHARLog(root.log);
    return Promise.all(requests.map(async (one) => {
      const content = await one.requestContentData();
      return {
        url: one.url(),
        type: one.resourceType().name(),
        method: one.requestMethod,
        status: one.statusCode,
        posted: await one.requestFormData(),
        body: content && !content.error ? (content.isTextContent ? content.text : content.base64) : null,
        start: one.startTime,
        frames: one.frames().map(({ type, opCode, text, time }) => ({ type, opcode: opCode, text, time })),
      };
    }));
  }, fs.readFileSync(task.import, 'utf8'));
  say({ imported: shown });
}

(task.record ? record() : imported()).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
