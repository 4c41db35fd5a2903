// A reader of the panel: JSON.parse of node. The protocol is in ../README.md; the operation is "document", its argument
// the kind of the document. What is looked for in each kind is in ../document_facts.json.
const fs = require('node:fs');
const path = require('node:path');

const SHAPES = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'document_facts.json'), 'utf8'));
const hex = (text) => Buffer.from(text, 'utf8').toString('hex');

function expect(right, where, what) {
  if (!right) throw new Error(`${where} is not ${what}`);
}

const isObject = (value) => typeof value === 'object' && !Array.isArray(value);

function entries(value, where) {
  expect(isObject(value), where, 'an object');
  return Object.entries(value);
}

const SCALARS = {
  text(value, where, facts) {
    expect(typeof value === 'string', where, 'a string');
    if (value) facts.set(where, value);
  },
  count(value, where, facts) {
    expect(Number.isInteger(value), where, 'an integer');
    if (value) facts.set(where, String(value));
  },
  flag(value, where, facts) {
    expect(typeof value === 'boolean', where, 'true or false');
    if (value) facts.set(where, 'true');
  },
  list(value, where, facts) {
    expect(Array.isArray(value), where, 'an array');
    value.forEach((one, position) => {
      expect(one === null || typeof one === 'string', `${where}[${position}]`, 'a string');
      facts.set(`${where}[${position}]`, one ?? '');
    });
  },
  pairs(value, where, facts) {
    for (const [key, one] of entries(value, where)) {
      expect(one === null || typeof one === 'string', `${where}.${key}`, 'a string');
      facts.set(`${where}.${key}`, one ?? '');
    }
  },
  keys(value, where, facts) {
    for (const [key, one] of entries(value, where)) {
      expect(one === null || isObject(one), `${where}.${key}`, 'an object');
      facts.set(`${where}.${key}`, '');
    }
  },
};

function walk(value, shape, where, facts) {
  if (value === null || value === undefined) return;
  if (Array.isArray(shape)) {
    expect(Array.isArray(value), where, 'an array');
    value.forEach((one, position) => walk(one, shape[0], `${where}[${position}]`, facts));
    if (value.length) facts.set(`${where}.length`, String(value.length));
  } else if (SCALARS[shape]) {
    SCALARS[shape](value, where, facts);
  } else {
    expect(isObject(value), where, 'an object');
    for (const [key, inner] of Object.entries(SHAPES[shape])) {
      walk(Object.hasOwn(value, key) ? value[key] : null, inner, where ? `${where}.${key}` : key, facts);
    }
  }
}

function read(kind, content) {
  try {
    const facts = new Map();
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content));
    expect(value !== null, kind, 'an object');
    walk(value, kind, '', facts);
    const paths = [...facts.keys()].sort();
    return { members: paths.map((at) => [hex(at), 'other:fact', null, null, null, null, hex(facts.get(at))]) };
  } catch (error) {
    return { members: [], refused: String(error.message) };
  }
}

function answer(line, content) {
  const kind = Buffer.from(line.split(' ')[2], 'hex').toString('utf8');
  process.stdout.write(`${JSON.stringify([read(kind, content)])}\n`);
}

process.stdout.write(`${JSON.stringify([{ name: 'node JSON.parse', version: process.versions.node, op: 'document' }])}\n`);
let received = Buffer.alloc(0);
process.stdin.on('data', (piece) => {
  received = Buffer.concat([received, piece]);
  for (;;) {
    const end = received.indexOf(10);
    if (end < 0) return;
    const line = received.subarray(0, end).toString('latin1');
    const size = Number(line.split(' ')[1]);
    if (received.length < end + 1 + size) return;
    answer(line, received.subarray(end + 1, end + 1 + size));
    received = received.subarray(end + 1 + size);
  }
});
