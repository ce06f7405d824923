'use strict';
// The Socket.IO server of the tap's benchmark. It does what it is told as fast as the library can:
//
//   blast COUNT SIZE   answers with so many "tick" events of about SIZE bytes, then "blasted"
//   tock …             is counted
//   count              (with an ack) how many "tock" came since the last time
//   echo VALUE         (with an ack) VALUE
//
// It listens on 127.0.0.1, prints its port, and ends when standard input closes.

const http = require('http');
const { Server } = require('socket.io-4');

const listener = http.createServer();
// A client waits here while the others have their turn.
listener.keepAliveTimeout = 600_000;
const io = new Server(listener, {
  // No heartbeat falls into a measurement.
  pingInterval: 600_000,
  pingTimeout: 600_000,
  maxHttpBufferSize: 10_000_000,
});

io.on('connection', (socket) => {
  let tocks = 0;
  socket.on('tock', () => {
    tocks += 1;
  });
  socket.on('count', (ack) => {
    ack(tocks);
    tocks = 0;
  });
  socket.on('echo', (value, ack) => ack(value));
  socket.on('blast', (count, size) => {
    const empty = JSON.stringify(['tick', { user: 'anna', seq: 1234, text: '' }]).length + 2;
    const value = { user: 'anna', seq: 1234, text: 'x'.repeat(Math.max(0, size - empty)) };
    // Enough to keep the line busy, little enough that the receiver sets the pace.
    const batch = Math.min(512, Math.max(2, Math.floor(256_000 / size)));
    let left = count;
    const more = () => {
      const now = Math.min(batch, left);
      left -= now;
      for (let i = 0; i < now; i += 1) socket.emit('tick', value);
      if (left > 0) socket.conn.once('drain', more);
      else socket.emit('blasted');
    };
    more();
  });
});

process.stdin.on('end', () => process.exit(0)).resume();
listener.listen(0, '127.0.0.1', () => console.log(listener.address().port));
