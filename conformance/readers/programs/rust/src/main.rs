//! Readers of the panel: the crates tar, astral-tokio-tar and tar-core. The protocol is in ../../README.md.

use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::io::{self, Cursor, Read};
use std::panic::{catch_unwind, AssertUnwindSafe};
use tokio::io::AsyncReadExt;
use tokio_stream::StreamExt;

#[path = "../serving.rs"]
mod serving;

type Failure = Box<dyn std::error::Error>;
type Reader = fn(&[u8], &mut Vec<Value>) -> Result<(), Failure>;

const READERS: [(&str, &str, Reader); 3] = [
    ("Rust tar", "tar", read_tar),
    ("Rust astral-tokio-tar", "astral-tokio-tar", read_tokio),
    ("Rust tar-core", "tar-core", read_core),
];
const LOCK: &str = include_str!("../Cargo.lock");

fn main() -> io::Result<()> {
    let info = |(name, package, _): &(&str, &str, Reader)| {
        json!({"name": name, "version": serving::version(LOCK, package), "op": "tar"})
    };
    serving::serve(READERS.iter().map(info).collect(), |_, content| {
        Ok(READERS.iter().map(|(_, _, read)| answer(*read, content)).collect())
    })
}

fn answer(read: Reader, content: &[u8]) -> Value {
    let mut members = Vec::new();
    match catch_unwind(AssertUnwindSafe(|| read(content, &mut members).map_err(|error| error.to_string()))) {
        Ok(Ok(())) => json!({"members": members}),
        Ok(Err(message)) => json!({"members": members, "refused": message}),
        Err(_) => json!({"members": [], "refused": "panic", "crashed": true}),
    }
}

struct Fields<'a> {
    name: &'a [u8],
    flag: u8,
    size: u64,
    mode: u32,
    owner: (u64, u64),
    link: &'a [u8],
    mtime: u64,
    names: (Option<&'a [u8]>, Option<&'a [u8]>),
    xattrs: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    digest: Option<String>,
}

fn member(fields: Fields) -> Value {
    let xattrs = fields.xattrs.map(|pairs| {
        let pairs = pairs.into_iter().map(|(key, value)| (hex(&key), Value::from(hex(&value))));
        Value::Object(pairs.collect())
    });
    json!([
        hex(fields.name),
        kind(fields.flag),
        fields.size,
        fields.mode,
        fields.owner.0,
        fields.owner.1,
        hex(fields.link),
        fields.mtime,
        fields.names.0.map(hex),
        fields.names.1.map(hex),
        xattrs,
        fields.digest,
    ])
}

fn kind(flag: u8) -> String {
    match flag {
        0 | b'0' => "reg".into(),
        b'1' => "hardlink".into(),
        b'2' => "symlink".into(),
        b'3' => "char".into(),
        b'4' => "block".into(),
        b'5' => "dir".into(),
        b'6' => "fifo".into(),
        other => format!("other:{}", other as char),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn digest(content: &[u8]) -> Option<String> {
    (!content.is_empty()).then(|| hex(&Sha256::digest(content)))
}

/// More than any file can have that is not sparse.
fn limit(content: &[u8]) -> u64 {
    2 * content.len() as u64 + (1 << 20)
}

fn within(data: &[u8], content: &[u8]) -> Result<(), Failure> {
    if data.len() as u64 == limit(content) {
        return Err("more content than the archive can hold".into());
    }
    Ok(())
}

const XATTR: &[u8] = b"SCHILY.xattr.";

fn read_tar(content: &[u8], members: &mut Vec<Value>) -> Result<(), Failure> {
    let mut archive = tar::Archive::new(Cursor::new(content));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let flag = entry.header().entry_type().as_byte();
        if flag == b'g' {
            continue;
        }
        let mut xattrs = Vec::new();
        if let Some(records) = entry.pax_extensions()? {
            for record in records {
                let record = record?;
                if let Some(key) = record.key_bytes().strip_prefix(XATTR) {
                    xattrs.push((key.to_vec(), record.value_bytes().to_vec()));
                }
            }
        }
        let mut data = Vec::new();
        (&mut entry).take(limit(content)).read_to_end(&mut data)?;
        within(&data, content)?;
        let header = entry.header();
        let link = entry.link_name_bytes().unwrap_or_default();
        members.push(member(Fields {
            name: &entry.path_bytes(),
            flag,
            size: entry.size(),
            mode: header.mode()?,
            owner: (header.uid()?, header.gid()?),
            link: &link,
            mtime: header.mtime()?,
            names: (None, None), // the crate does not apply PAX to them
            xattrs: Some(xattrs),
            digest: digest(&data),
        }));
    }
    Ok(())
}

fn read_tokio(content: &[u8], members: &mut Vec<Value>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let mut archive = tokio_tar::Archive::new(content);
        let mut entries = archive.entries()?;
        while let Some(entry) = entries.next().await {
            let mut entry = entry?;
            let flag = entry.header().entry_type().as_byte();
            if flag == b'g' {
                continue;
            }
            let mut xattrs = Vec::new();
            if let Some(records) = entry.pax_extensions().await? {
                for record in records {
                    let record = record?;
                    if let Some(key) = record.key_bytes().strip_prefix(XATTR) {
                        xattrs.push((key.to_vec(), record.value_bytes().to_vec()));
                    }
                }
            }
            let mut data = Vec::new();
            (&mut entry).take(limit(content)).read_to_end(&mut data).await?;
            within(&data, content)?;
            let header = entry.header();
            let link = entry.link_name_bytes()?.unwrap_or_default();
            members.push(member(Fields {
                name: &entry.path_bytes()?,
                flag,
                size: entry.effective_size(),
                mode: header.mode()?,
                owner: (header.uid()?, header.gid()?),
                link: &link,
                mtime: header.mtime()?,
                names: (entry.username_bytes(), entry.groupname_bytes()),
                xattrs: Some(xattrs),
                digest: digest(&data),
            }));
        }
        Ok(())
    })
}

fn read_core(content: &[u8], members: &mut Vec<Value>) -> Result<(), Failure> {
    use tar_core::parse::{Limits, ParseEvent, Parser};
    let mut parser = Parser::new(Limits::default());
    let mut position = 0;
    loop {
        match parser.parse(&content[position..])? {
            ParseEvent::NeedData { .. } if position == content.len() => return Ok(()),
            ParseEvent::NeedData { .. } => return Err("the archive ends within a header".into()),
            ParseEvent::GlobalExtensions { consumed, .. } => position += consumed,
            ParseEvent::End { .. } => return Ok(()),
            ParseEvent::SparseEntry { .. } => return Err("a sparse file".into()),
            ParseEvent::Entry { consumed, entry } => {
                let start = position + consumed;
                let end = start + usize::try_from(entry.size)?;
                let data = content.get(start..end).ok_or("the archive ends within a file")?;
                let xattrs = entry.xattrs.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
                members.push(member(Fields {
                    name: &entry.path,
                    flag: entry.entry_type.to_byte(),
                    size: entry.size,
                    mode: entry.mode,
                    owner: (entry.uid, entry.gid),
                    link: entry.link_target.as_deref().unwrap_or_default(),
                    mtime: entry.mtime,
                    names: (entry.uname.as_deref(), entry.gname.as_deref()),
                    xattrs: Some(xattrs),
                    digest: digest(data),
                }));
                position = start + usize::try_from(entry.padded_size())?;
                if position > content.len() {
                    return Err("the archive ends within the padding of a file".into());
                }
            }
        }
    }
}
