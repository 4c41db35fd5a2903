// Lists a tar file with npm's "tar": one name a line, exit 0 when it was read.
// Arguments: strict | lenient, then the file. Strict makes warnings errors; lenient only prints them.
const path = require('node:path');
const tar = require('tar');

const [mode, file] = process.argv.slice(2);
if (mode === '--version') {
  // "exports" hides package.json, so it is found beside the entry point.
  const entry = require.resolve('tar');
  const root = entry.slice(0, entry.lastIndexOf(path.join('node_modules', 'tar')) + path.join('node_modules', 'tar').length);
  console.log(require(path.join(root, 'package.json')).version);
  process.exit(0);
}
const show = (entry) => console.log(entry.path);
tar
  .list({
    file,
    strict: mode === 'strict',
    onReadEntry: show, // tar 7
    onentry: show, // tar 6
    onwarn: (code, message) => console.error(`warning: ${code}: ${message}`),
  })
  .catch((error) => {
    console.error(`rejected: ${error.message}`);
    process.exitCode = 1;
  });
