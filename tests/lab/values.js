'use strict';
// How values travel through the lab's JSON lines: a buffer is {"$binary":"<base64>"}, as in
// sioscope's own commands and records.

/** Takes a value apart for printing: every buffer, however deep, becomes its JSON form. */
function toJson(value) {
  if (Buffer.isBuffer(value)) return { $binary: value.toString('base64') };
  if (value instanceof ArrayBuffer) return { $binary: Buffer.from(value).toString('base64') };
  if (ArrayBuffer.isView(value)) {
    return { $binary: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (value instanceof Error) {
    const plain = { message: value.message };
    if (value.data !== undefined) plain.data = toJson(value.data);
    if (value.description !== undefined) plain.description = describe(value.description);
    return plain;
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (value && typeof value === 'object') {
    const plain = {};
    for (const key of Object.keys(value)) plain[key] = toJson(value[key]);
    return plain;
  }
  return value;
}

// The description of a transport error is a number (HTTP status), an Error or an event object
// with sockets inside: only its number or its words are worth printing.
function describe(description) {
  if (description && typeof description === 'object') return String(description.message || description.type || 'object');
  return description;
}

/** The other way: {"$binary":"…"} becomes a buffer. */
function fromJson(value) {
  if (Array.isArray(value)) return value.map(fromJson);
  if (value && typeof value === 'object') {
    const keys = Object.keys(value);
    if (keys.length === 1 && keys[0] === '$binary') return Buffer.from(value.$binary, 'base64');
    const whole = {};
    for (const key of keys) whole[key] = fromJson(value[key]);
    return whole;
  }
  return value;
}

/** Prints one JSON line. */
function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

/** Calls `onLine` with each JSON line of standard input and `onEnd` when it closes. */
function readLines(onLine, onEnd) {
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk) => {
    rest += chunk;
    let end;
    while ((end = rest.indexOf('\n')) >= 0) {
      const text = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      if (!text) continue;
      try {
        onLine(JSON.parse(text));
      } catch (error) {
        say({ error: String(error && error.message), line: text });
      }
    }
  });
  process.stdin.on('end', onEnd);
  process.stdin.on('error', onEnd);
}

module.exports = { toJson, fromJson, say, readLines };
