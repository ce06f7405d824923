'use strict';
// Three stories of connections that misbehave, with real parts: starts the servers (and nginx)
// of a story on 127.0.0.1, runs sioscope on them, shows what it concluded, and ends everything.
//
//   node story.js loop|idle|workers            the client that the story is about, then the findings
//   node story.js loop|idle|workers doctor     the doctor instead
//   node story.js loop|idle|workers cured      the same with the line changed that the finding names
//   node story.js loop|idle|workers keep       only starts it and says where, until ctrl+c
//
// SIOSCOPE is the program to run (target/release/sioscope, or target/debug/sioscope, if not set).

const cluster = require('cluster');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');

const root = path.join(__dirname, '..', '..');

const stories = {
  loop: {
    tells: 'A Java client (Socket.IO 1.x) loops between two Node servers behind nginx.',
    servers: [{ generation: 2 }, { generation: 2 }],
    nginx: {
      upstream: (ports) => ports.map((port) => `server 127.0.0.1:${port};`),
      location: ['proxy_set_header Upgrade $http_upgrade;', 'proxy_set_header Connection "upgrade";'],
    },
    client: (url) => ['stream', url, '--profile', 'java1', '--for', '6s'],
    cured: (story) => {
      story.nginx.upstream = (ports) => ['ip_hash;', ...ports.map((port) => `server 127.0.0.1:${port};`)];
    },
  },
  idle: {
    tells: 'A WebSocket drops with 1006 whenever it was idle for a while behind a gateway (here 3 s; 60 s by default).',
    servers: [{ generation: 4, pingInterval: 25000, pingTimeout: 20000 }],
    nginx: {
      upstream: (ports) => ports.map((port) => `server 127.0.0.1:${port};`),
      location: [
        'proxy_set_header Upgrade $http_upgrade;',
        'proxy_set_header Connection "upgrade";',
        'proxy_read_timeout 3s;',
      ],
    },
    client: (url) => ['stream', url, '--transports', 'websocket', '--reconnection-delay', '200', '--for', '16s'],
    doctor: (url) => ['doctor', url, '--idle'],
    cured: (story) => story.nginx.location.splice(-1, 1, 'proxy_read_timeout 120s;'),
  },
  workers: {
    tells: 'HTTP 400 as soon as a second worker is started: the cluster module of Node, two workers, one port.',
    workers: 2,
    client: (url) => ['stream', url, '--for', '6s'],
    cured: (story) => {
      story.workers = 1;
    },
  },
};

// ---- a worker of the third story ---------------------------------------------------------------

if (cluster.isWorker) {
  const listener = http.createServer((_request, response) => response.writeHead(404).end());
  new (require('socket.io-4').Server)(listener);
  listener.listen(Number(process.env.STORY_PORT), '127.0.0.1');
  return;
}

// ---- starting and ending -----------------------------------------------------------------------

const endings = [];
async function end(code) {
  for (const ending of endings.reverse()) await ending();
  process.exit(code);
}
process.on('SIGINT', () => end(130));
process.on('SIGTERM', () => end(143));

function fail(text) {
  console.error(`story: ${text}`);
  return end(1);
}

const freePort = () =>
  new Promise((resolve) => {
    const listener = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });

async function listens(port) {
  for (let tries = 200; tries > 0; tries -= 1) {
    const there = await new Promise((resolve) => {
      const tcp = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      tcp.on('connect', () => tcp.destroy());
    });
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function server(configuration) {
  const child = spawn(process.execPath, [path.join(__dirname, 'server.js'), JSON.stringify(configuration)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endings.push(() => child.kill());
  return new Promise((resolve, reject) => {
    let text = '';
    child.on('exit', () => reject(new Error('a server did not start')));
    child.stdout.on('data', (data) => {
      text += data;
      const line = text.split('\n').find((one) => one.startsWith('{"port"'));
      if (line) resolve(JSON.parse(line).port);
    });
  });
}

async function nginx({ upstream, location }, ports) {
  const program = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((file) => fs.existsSync(file));
  if (!program) return fail('nginx is missing: run tests/install');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sioscope-story-'));
  endings.push(() => fs.rmSync(folder, { recursive: true, force: true }));
  // Started by root, nginx works as another user, who has to reach the bodies that it buffers here.
  fs.chmodSync(folder, 0o755);
  const port = await freePort();
  const indent = (lines, by) => lines.map((line) => ' '.repeat(by) + line).join('\n');
  const told = `upstream nodes {\n${indent(upstream(ports), 4)}\n}\nserver {\n    listen 127.0.0.1:${port};\n    location / {\n        proxy_pass http://nodes;\n        proxy_http_version 1.1;\n${indent(location, 8)}\n    }\n}`;
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
  fs.writeFileSync(
    path.join(folder, 'nginx.conf'),
    `daemon off;\nworker_processes 1;\npid ${folder}/nginx.pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${told}\n}\n`,
  );
  const child = spawn(program, ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  endings.push(() => new Promise((resolve) => child.on('exit', resolve) && child.kill() || resolve()));
  await listens(port);
  console.log(`\n${told}\n`);
  return port;
}

function sioscope(args) {
  const program =
    process.env.SIOSCOPE ||
    ['release', 'debug'].map((kind) => path.join(root, 'target', kind, 'sioscope')).find((file) => fs.existsSync(file));
  if (!program) return fail('sioscope is not built: cargo build --release');
  console.log(`$ sioscope ${args.join(' ')}`);
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    endings.push(() => child.kill());
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

// ---- the story ---------------------------------------------------------------------------------

async function main([name, how]) {
  const story = stories[name];
  if (!story || ![undefined, 'doctor', 'cured', 'keep'].includes(how)) {
    return fail(`which one? ${Object.keys(stories).join(', ')}; then nothing, doctor, cured or keep`);
  }
  console.log(how === 'cured' ? `${story.tells} This time with the cure.` : story.tells);
  if (how === 'cured') story.cured(story);
  let port;
  if (story.workers) {
    port = await freePort();
    const workers = Array.from({ length: story.workers }, () => cluster.fork({ STORY_PORT: port }));
    endings.push(() => workers.forEach((worker) => worker.process.kill()));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('listening', resolve))));
  } else {
    const ports = [];
    for (const configuration of story.servers) ports.push(await server(configuration));
    port = await nginx(story.nginx, ports);
  }
  const url = `http://127.0.0.1:${port}`;
  if (how === 'keep') {
    console.log(`listening on ${url} until ctrl+c`);
    return;
  }
  if (how === 'doctor') return end(await sioscope((story.doctor || ((at) => ['doctor', at]))(url)));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sioscope-story-'));
  endings.push(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, `${name}.sio.jsonl`);
  await sioscope([...story.client(url), '--quiet', '--record', file]);
  // It found something wrong, or nothing any more: the story came true.
  return end((await sioscope(['doctor', file])) === (how === 'cured' ? 0 : 1) ? 0 : 1);
}

main(process.argv.slice(2)).catch((error) => fail(error.message));
