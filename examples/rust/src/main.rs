// SPDX-License-Identifier: 0BSD OR CC0-1.0

//! An example runner for the vectors: the published crate zstd-chunked, which composefs-rs reads layers with.
//!
//!     cd fixtures/vectors && runner < index.json > results.jsonl
//!
//! It does what the crate leaves to its caller: it fetches the ranges, verifies each digest, and compares the
//! reassembled tar with the DiffID. The crate reads layers: cases of other kinds are skipped.

use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};
use std::panic;
use std::{fs, path::Path};

use anyhow::{anyhow, ensure, Context};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zstd_chunked::{ContentReference, MetadataReference, MetadataReferences, Stream};

const LIMIT: u64 = 64 << 20;

#[derive(Deserialize)]
struct Index {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    input: Input,
}

#[derive(Deserialize)]
struct Input {
    root: String,
    #[serde(default)]
    descriptor: Descriptor,
    #[serde(default)]
    diff_id: String,
}

#[derive(Default, Deserialize)]
struct Descriptor {
    #[serde(default)]
    annotations: HashMap<String, String>,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

/// A refusal: the stage, and what was wrong there.
struct Refused(&'static str, anyhow::Error);

trait At<T> {
    fn at(self, stage: &'static str) -> Result<T, Refused>;
}

impl<T> At<T> for anyhow::Result<T> {
    fn at(self, stage: &'static str) -> Result<T, Refused> {
        self.map_err(|error| Refused(stage, error))
    }
}

fn main() -> anyhow::Result<()> {
    panic::set_hook(Box::new(|_| {}));
    let index: Index = serde_json::from_reader(io::stdin().lock())?;
    let mut out = BufWriter::new(io::stdout().lock());
    for case in index.cases {
        let answer = answer(&case)?;
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    }
    Ok(out.flush()?)
}

fn answer(case: &Case) -> anyhow::Result<Answer> {
    let (outcome, stage, reason) = if case.kind == "layer" {
        let name = case.input.root.trim_start_matches("sha256:");
        let blob = fs::read(Path::new("blobs/sha256").join(name))?;
        match panic::catch_unwind(|| read(&blob, &case.input)) {
            Ok(Ok(())) => ("accepted", None, String::new()),
            Ok(Err(Refused(stage, error))) => ("refused", Some(stage), format!("{error:#}")),
            Err(_) => ("crashed", None, "a panic".to_owned()),
        }
    } else {
        ("skipped", None, "zstd-chunked reads layers".to_owned())
    };
    let reason = reason.chars().take(300).collect();
    Ok(Answer { id: case.id.clone(), outcome, stage, reason })
}

fn read(blob: &[u8], input: &Input) -> Result<(), Refused> {
    let at = MetadataReferences::from_oci(|key| input.descriptor.annotations.get(key))
        .context("no zstd:chunked layer by its annotations")
        .at("annotation")?;
    let manifest = metadata(blob, &at.manifest).at("annotation")?;
    let tar_split = metadata(blob, &at.tarsplit).at("annotation")?;
    // The crate decodes both without a bound: what does not fit is refused before.
    inflate(manifest, LIMIT).at("toc")?;
    inflate(tar_split, LIMIT).at("tarsplit")?;
    let stream = Stream::new_from_frames(manifest, tar_split).map_err(|error| {
        let text = format!("{error:#}");
        let stage = if text.contains("tarsplit") || text.contains("size mismatch") { "tarsplit" } else { "toc" };
        Refused(stage, error)
    })?;
    let mut tar = Sha256::new();
    stream.write_to(&mut tar, |reference| content(blob, reference)).at("chunk")?;
    let found = format!("sha256:{:x}", tar.finalize());
    ensure_diff_id(&found, &input.diff_id).at("tarsplit")
}

fn ensure_diff_id(found: &str, expected: &str) -> anyhow::Result<()> {
    ensure!(found == expected, "the reassembled tar has the digest {found}, and the DiffID is {expected}");
    Ok(())
}

fn metadata<'a>(blob: &'a [u8], reference: &MetadataReference) -> anyhow::Result<&'a [u8]> {
    let bytes = range(blob, reference.range.start, reference.range.end)?;
    if let Some(expected) = &reference.digest {
        let found = format!("sha256:{:x}", Sha256::digest(bytes));
        ensure!(&found == expected, "digest {found}, and {expected} is announced");
    }
    Ok(bytes)
}

fn content(blob: &[u8], reference: &ContentReference) -> anyhow::Result<Vec<u8>> {
    let compressed = range(blob, reference.range.start, reference.range.end)?;
    let content = inflate(compressed, reference.size)?;
    let found = format!("sha256:{:x}", Sha256::digest(&content));
    ensure!(found == reference.digest, "digest {found}, and the TOC says {}", reference.digest);
    ensure!(content.len() as u64 == reference.size, "not the size that the TOC says");
    Ok(content)
}

fn range(blob: &[u8], start: u64, end: u64) -> anyhow::Result<&[u8]> {
    let (start, end) = (usize::try_from(start)?, usize::try_from(end)?);
    blob.get(start..end).ok_or_else(|| anyhow!("the blob has no bytes {start} to {end}"))
}

/// What frames hold, one after the other, up to a limit.
fn inflate(compressed: &[u8], limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    zstd::Decoder::new(compressed)?.take(limit + 1).read_to_end(&mut content)?;
    ensure!(content.len() as u64 <= limit, "more than {limit} bytes");
    Ok(content)
}
