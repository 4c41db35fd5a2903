// Lists a tar file with npm's "tar-stream": one name a line, exit 0 when it was read.
const fs = require('node:fs');
const path = require('node:path');
const tar = require('tar-stream');

const file = process.argv[2];
if (file === '--version') {
  const root = path.dirname(require.resolve('tar-stream'));
  console.log(require(path.join(root, 'package.json')).version);
  process.exit(0);
}
const extract = tar.extract();
extract.on('entry', (header, stream, next) => {
  console.log(header.name);
  stream.on('end', next);
  stream.resume();
});
extract.on('error', (error) => {
  console.error(`rejected: ${error.message}`);
  process.exitCode = 1;
});
fs.createReadStream(file).pipe(extract);
