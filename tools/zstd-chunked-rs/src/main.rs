//! Unpacks the one image of an OCI layout by the tables of contents of its layers, with the crate zstd-chunked:
//!
//!     zcc-zstd-chunked LAYOUT OUTPUT
//!
//! The crate is given what it asks for: the two frames that the annotations name, with the checksums that they state
//! compared first, and the frames of the contents. It makes the tar, which the crate tar unpacks; whiteouts are ours.
//! An image has to be one manifest: the crate chooses nothing from an index.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zstd_chunked::{MetadataReference, MetadataReferences, Stream};

const MAX_METADATA: u64 = 150 << 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [word] if word == "--version" => {
            println!("zstd-chunked {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        [layout, output] => unpack(Path::new(layout), Path::new(output)),
        _ => Err(anyhow::anyhow!("usage: zcc-zstd-chunked LAYOUT OUTPUT")),
    };
    if let Err(error) = done {
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}

fn unpack(layout: &Path, output: &Path) -> Result<()> {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json"))?)?;
    let entries = index["manifests"].as_array().context("index.json has no manifests")?;
    ensure!(entries.len() == 1, "a layout of one image is needed, this has {}", entries.len());
    let manifest: Value = serde_json::from_slice(&blob(layout, &entries[0])?)?;
    let layers = manifest["layers"].as_array().context("the image is no manifest with layers")?;
    for layer in layers {
        let kind = layer["mediaType"].as_str().unwrap_or_default();
        ensure!(kind == "application/vnd.oci.image.layer.v1.tar+zstd", "a layer of the type {kind} is not zstd");
        let tar = tar_of(&blob(layout, layer)?, layer)?;
        apply(&tar, output)?;
    }
    Ok(())
}

fn blob(layout: &Path, descriptor: &Value) -> Result<Vec<u8>> {
    let digest = descriptor["digest"].as_str().context("a descriptor without digest")?;
    let hex = digest.strip_prefix("sha256:").context("a digest that is not SHA-256")?;
    ensure!(hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}: no digest");
    let content = fs::read(layout.join("blobs/sha256").join(hex))?;
    ensure!(hex_digest(&content) == digest, "{digest}: the content has another digest");
    Ok(content)
}

/// The tar of a layer, made by the crate from table of contents, tar-split and contents.
fn tar_of(layer: &[u8], descriptor: &Value) -> Result<Vec<u8>> {
    let notes: HashMap<String, String> = serde_json::from_value(descriptor["annotations"].clone())
        .context("a layer without annotations has no table of contents")?;
    let places = MetadataReferences::from_oci(|key| notes.get(key)).context("the annotations name no table of contents")?;
    let stream = Stream::new_from_frames(frame(layer, &places.manifest)?, frame(layer, &places.tarsplit)?)?;
    let mut tar = Vec::new();
    stream.write_to(&mut tar, |reference| {
        Ok(zstd::decode_all(part(layer, reference.range.start, reference.range.end)?)?)
    })?;
    Ok(tar)
}

fn frame<'a>(layer: &'a [u8], place: &MetadataReference) -> Result<&'a [u8]> {
    ensure!(place.uncompressed_size <= MAX_METADATA, "metadata of {} bytes", place.uncompressed_size);
    let found = part(layer, place.range.start, place.range.end)?;
    if let Some(stated) = &place.digest {
        ensure!(&hex_digest(found) == stated, "metadata has another checksum than {stated}");
    }
    Ok(found)
}

fn part(layer: &[u8], start: u64, end: u64) -> Result<&[u8]> {
    layer.get(usize::try_from(start)?..usize::try_from(end)?).context("a range beyond the end of the layer")
}

fn hex_digest(content: &[u8]) -> String {
    format!("sha256:{}", base16ct::lower::encode_string(&Sha256::digest(content)))
}

/// Unpacks one layer over those below it; what a whiteout removes is removed first.
fn apply(tar: &[u8], output: &Path) -> Result<()> {
    for entry in tar::Archive::new(tar).entries()? {
        remove_what_it_hides(&entry?.path()?, output)?;
    }
    let mut archive = tar::Archive::new(tar);
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(true);
    archive.set_preserve_mtime(true);
    archive.set_unpack_xattrs(true);
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if file_name(&path).starts_with(".wh.") {
            continue;
        }
        if entry.header().entry_type().is_dir() {
            directories.push(entry); // last, so that their times and modes stay
        } else if !entry.unpack_in(output)? {
            bail!("{}: a name that leads out of the tree", path.display());
        }
    }
    for directory in directories.iter_mut().rev() {
        directory.unpack_in(output)?;
    }
    Ok(())
}

fn remove_what_it_hides(path: &Path, output: &Path) -> Result<()> {
    let name = file_name(path);
    let folder = inside(path.parent().unwrap_or(Path::new("")), output)?;
    if name == ".wh..wh..opq" {
        if folder.is_dir() {
            for each in fs::read_dir(&folder)? {
                remove(&each?.path())?;
            }
        }
    } else if let Some(hidden) = name.strip_prefix(".wh.") {
        remove(&folder.join(hidden))?;
    }
    Ok(())
}

/// The place of a path below the tree, through no symbolic link.
fn inside(path: &Path, output: &Path) -> Result<PathBuf> {
    let mut place = output.to_path_buf();
    for part in path.components() {
        match part {
            Component::Normal(name) => place.push(name),
            Component::CurDir => {}
            _ => bail!("{}: a name that leads out of the tree", path.display()),
        }
        ensure!(!place.is_symlink(), "{}: leads through a symbolic link", path.display());
    }
    Ok(place)
}

fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path)?,
        Ok(_) => fs::remove_file(path)?,
        Err(_) => {}
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
