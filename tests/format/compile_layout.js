// A layout as JSON on standard input to Python modules, as JSON by file name (kaitai-struct-compiler has no command).
const compiler = require("kaitai-struct-compiler");
let text = "";
process.stdin.on("data", (piece) => (text += piece));
process.stdin.on("end", () =>
  compiler.compile("python", JSON.parse(text), null, false).then(
    (files) => console.log(JSON.stringify(files)),
    (error) => {
      console.error(String(error));
      process.exit(1);
    },
  ),
);
