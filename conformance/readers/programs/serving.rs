//! What the Rust programs of the panel share: requests on standard input, a line of JSON for each on standard output.
//! The protocol is in README.md.

use serde_json::Value;
use std::io::{self, BufRead, Read, Write};

/// Write the greeting, then for each request what `respond` gives for its argument ("" for none) and its content.
pub fn serve(greeting: Value, respond: impl Fn(&str, &[u8]) -> io::Result<Value>) -> io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    writeln!(output, "{greeting}")?;
    output.flush()?;
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace().skip(1);
        let size = words.next().and_then(|text| text.parse().ok());
        let mut content = vec![0; size.ok_or_else(|| io::Error::other("a request without a size"))?];
        input.read_exact(&mut content)?;
        writeln!(output, "{}", respond(words.next().unwrap_or(""), &content)?)?;
        output.flush()?;
    }
}

/// The version of a package in the text of a Cargo.lock.
pub fn version<'a>(lock: &'a str, package: &str) -> &'a str {
    let marker = format!("name = \"{package}\"\nversion = \"");
    lock.split_once(&marker).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(version, _)| version)
}
