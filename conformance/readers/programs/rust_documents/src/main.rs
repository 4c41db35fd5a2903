//! A reader of the panel: the crate oci-spec over serde_json. The protocol is in ../../README.md; the operation is
//! "document", its argument the kind of the document. What is looked for in each kind is in ../../document_facts.json.

use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest};
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;
use std::io;
use std::panic::catch_unwind;

#[path = "../serving.rs"]
mod serving;

const SHAPES: &str = include_str!("../document_facts.json");
const LOCK: &str = include_str!("../Cargo.lock");
type Facts = BTreeMap<String, String>;
type Failure = Box<dyn std::error::Error>;

fn main() -> io::Result<()> {
    let shapes: Map<String, Value> = serde_json::from_str(SHAPES)?;
    let version = serving::version(LOCK, "oci-spec");
    serving::serve(json!([{"name": "Rust oci-spec", "version": version, "op": "document"}]), |argument, content| {
        let kind = unhex(argument).ok_or_else(|| io::Error::other("not a request"))?;
        Ok(json!([answer(&kind, content, &shapes)]))
    })
}

/// The text of hexadecimal digits; None where they are none, or no UTF-8.
fn unhex(digits: &str) -> Option<String> {
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}

fn answer(kind: &str, content: &[u8], shapes: &Map<String, Value>) -> Value {
    match catch_unwind(|| read(kind, content, shapes).map_err(|error| error.to_string())) {
        Ok(Ok(facts)) => json!({"members": facts.iter().map(member).collect::<Vec<_>>()}),
        Ok(Err(message)) => json!({"members": [], "refused": message}),
        Err(_) => json!({"members": [], "refused": "panic", "crashed": true}),
    }
}

fn member((path, value): (&String, &String)) -> Value {
    json!([hex(path), "other:fact", null, null, null, null, hex(value)])
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// What the crate's types hold, as they write it.
fn read(kind: &str, content: &[u8], shapes: &Map<String, Value>) -> Result<Facts, Failure> {
    let value = match kind {
        "index" => serde_json::to_value(serde_json::from_slice::<ImageIndex>(content)?)?,
        "manifest" => serde_json::to_value(serde_json::from_slice::<ImageManifest>(content)?)?,
        _ => serde_json::to_value(serde_json::from_slice::<ImageConfiguration>(content)?)?,
    };
    let mut facts = Facts::new();
    walk(&value, &json!(kind), "", shapes, &mut facts);
    Ok(facts)
}

fn walk(value: &Value, shape: &Value, place: &str, shapes: &Map<String, Value>, facts: &mut Facts) {
    match (shape, value) {
        (Value::Array(inner), Value::Array(all)) => {
            if !all.is_empty() {
                facts.insert(format!("{place}.length"), all.len().to_string());
            }
            for (position, one) in all.iter().enumerate() {
                walk(one, &inner[0], &format!("{place}[{position}]"), shapes, facts);
            }
        }
        (Value::String(name), Value::Array(all)) if name == "list" || name == "keys" => {
            for (position, one) in all.iter().enumerate() {
                let text = one.as_str().unwrap_or_default();
                let path = if name == "keys" { format!("{place}.{text}") } else { format!("{place}[{position}]") };
                facts.insert(path, if name == "keys" { String::new() } else { text.to_owned() });
            }
        }
        (Value::String(name), Value::Object(all)) if name == "pairs" || name == "keys" => {
            for (key, one) in all {
                facts.insert(format!("{place}.{key}"), one.as_str().unwrap_or_default().to_owned());
            }
        }
        (Value::String(name), Value::Object(all)) => {
            for (key, inner) in shapes.get(name).and_then(Value::as_object).into_iter().flatten() {
                let path = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                walk(all.get(key).unwrap_or(&Value::Null), inner, &path, shapes, facts);
            }
        }
        (_, Value::String(text)) if !text.is_empty() => drop(facts.insert(place.to_owned(), text.clone())),
        (_, Value::Number(number)) if number.as_f64() != Some(0.0) => drop(facts.insert(place.to_owned(), number.to_string())),
        (_, Value::Bool(true)) => drop(facts.insert(place.to_owned(), "true".to_owned())),
        _ => (),
    }
}
