// Readers of the panel: npm's "tar" (as npm uses it: not strict) and "tar-stream". The protocol is in ../README.md.
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const tar = require('tar');
const tarStream = require('tar-stream');

// Milliseconds for a stream that neither ends nor fails: the archive is in memory, so there is nothing to wait for,
// except for a decompressor, where an archive looks compressed.
const PATIENCE = 30;
const NODE_TYPES = {
  File: 'reg', OldFile: 'reg', ContiguousFile: 'reg', Link: 'hardlink', SymbolicLink: 'symlink', Directory: 'dir',
  GNUDumpDir: 'dir', CharacterDevice: 'char', BlockDevice: 'block', FIFO: 'fifo',
};
const STREAM_TYPES = {
  file: 'reg', 'contiguous-file': 'reg', link: 'hardlink', symlink: 'symlink', directory: 'dir',
  'character-device': 'char', 'block-device': 'block', fifo: 'fifo',
};

function version(name) {
  // "exports" may hide package.json, so it is found beside the entry point.
  const entry = require.resolve(name);
  const marker = path.join('node_modules', name);
  const root = entry.slice(0, entry.lastIndexOf(marker) + marker.length);
  return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version;
}

const hex = (text) => Buffer.from(text ?? '', 'utf8').toString('hex');
const seconds = (date) => (date ? Math.floor(date.getTime() / 1000) : null);

function member(fields) {
  const { name, type, size, mode, uid, gid, link, mtime, uname, gname, xattrs, hash, count } = fields;
  return [
    hex(name), type, size ?? 0, mode ?? 0, uid ?? null, gid ?? null, hex(link), seconds(mtime), hex(uname), hex(gname),
    xattrs, count ? hash.digest('hex') : null,
  ];
}

function withNodeTar(content) {
  return new Promise((resolve) => {
    const members = [];
    const entries = [];
    let refused;
    const parser = new tar.Parser({
      strict: false,
      onReadEntry: (entry) => take(entry),
      onwarn: (code, message, data) => {
        if (data?.recoverable === false || code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ABORT') refused ??= `${code}: ${message}`;
      },
    });
    const timer = setTimeout(() => finish('it neither ends nor fails'), PATIENCE);
    let done = false;
    function finish(problem) {
      if (done) return;
      done = true;
      clearTimeout(timer);
      refused ??= problem;
      for (const entry of entries) members.push(member(entry));
      resolve({ members, refused });
    }
    function take(entry) {
      const fields = {
        name: entry.path, type: NODE_TYPES[entry.type] ?? `other:${entry.type}`, size: entry.size, mode: entry.mode,
        uid: entry.uid, gid: entry.gid, link: entry.linkpath, mtime: entry.mtime, uname: entry.uname,
        gname: entry.gname, xattrs: null, hash: crypto.createHash('sha256'), count: 0,
      };
      entries.push(fields);
      entry.on('data', (piece) => {
        fields.hash.update(piece);
        fields.count += piece.length;
      });
      entry.resume();
    }
    parser.on('ignoredEntry', (entry) => entry.resume());
    parser.on('error', (error) => finish(String(error.message)));
    parser.on('end', () => finish());
    parser.on('abort', (error) => finish(String(error?.message ?? 'aborted')));
    parser.on('close', () => finish());
    try {
      parser.end(content);
    } catch (error) {
      finish(String(error.message));
    }
  });
}

function withTarStream(content) {
  return new Promise((resolve) => {
    const entries = [];
    const extract = tarStream.extract();
    const timer = setTimeout(() => finish('it neither ends nor fails'), PATIENCE);
    let done = false;
    let open = 0; // entries whose content has not come to its end: "finish" may come before
    let ended = false;
    function finish(refused) {
      if (done) return;
      done = true;
      clearTimeout(timer);
      resolve({ members: entries.map(member), refused });
    }
    extract.on('entry', (header, stream, next) => {
      const fields = {
        name: header.name, type: STREAM_TYPES[header.type] ?? `other:${header.type}`, size: header.size,
        mode: header.mode, uid: header.uid, gid: header.gid, link: header.linkname, mtime: header.mtime,
        uname: header.uname, gname: header.gname, xattrs: {}, hash: crypto.createHash('sha256'), count: 0,
      };
      for (const [key, value] of Object.entries(header.pax ?? {})) {
        if (key.startsWith('SCHILY.xattr.')) fields.xattrs[hex(key.slice('SCHILY.xattr.'.length))] = hex(value);
      }
      entries.push(fields);
      stream.on('data', (piece) => {
        fields.hash.update(piece);
        fields.count += piece.length;
      });
      open += 1;
      stream.on('end', () => {
        open -= 1;
        next();
        if (ended && open === 0) finish();
      });
      stream.on('error', () => {});
    });
    extract.on('finish', () => {
      ended = true;
      if (open === 0) finish();
    });
    extract.on('error', (error) => finish(String(error.message)));
    extract.on('close', () => ended || finish('it was closed before its end'));
    extract.end(content);
  });
}

async function* requests() {
  let pending = [];
  let have = 0;
  let wanted = null;
  for await (const piece of process.stdin) {
    pending.push(piece);
    have += piece.length;
    for (;;) {
      if (wanted === null) {
        if (pending.length > 1) pending = [Buffer.concat(pending)];
        const end = pending.length ? pending[0].indexOf(10) : -1;
        if (end < 0) break;
        wanted = Number(pending[0].toString('latin1', 0, end).split(' ')[1]);
        pending = [pending[0].subarray(end + 1)];
        have -= end + 1;
      }
      if (have < wanted) break;
      const all = pending.length === 1 ? pending[0] : Buffer.concat(pending);
      yield all.subarray(0, wanted);
      pending = have > wanted ? [all.subarray(wanted)] : [];
      have -= wanted;
      wanted = null;
    }
  }
}

async function main() {
  const readers = [['node tar', 'tar'], ['node tar-stream', 'tar-stream']];
  console.log(JSON.stringify(readers.map(([name, module]) => ({ name, version: version(module), op: 'tar' }))));
  for await (const content of requests()) {
    process.stdout.write(`${JSON.stringify([await withNodeTar(content), await withTarStream(content)])}\n`);
  }
}

process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(70);
});
main();
