//! `{"$file":"path"}` in arguments: a file's bytes as a binary attachment.
//!
//! Reading a file is an effect, so it is done when the emit is handed on and not while it is
//! being typed.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a file is named in arguments. The text is compact here, and within a string the quotes
/// would have backslashes, so it is found by its bytes.
const MARK: &str = "{\"$file\":";

/// Whether arguments (compact JSON, as in an emit) name files.
pub fn named_in(args: &str) -> bool {
    args.contains(MARK)
}

/// Puts the bytes in the place of the names. The error is for the person: which file, and why.
pub fn read_in(
    args: &str,
    read: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<String, String> {
    let mut out = String::with_capacity(args.len());
    let mut rest = args;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<String>();
        let path = match values.next() {
            Some(Ok(path)) => path,
            _ => return Err("{\"$file\":…} takes the path of a file as a string".to_owned()),
        };
        let tail = after.get(values.byte_offset()..).unwrap_or_default();
        let Some(tail) = tail.strip_prefix('}') else {
            return Err("{\"$file\":…} takes nothing else than the path".to_owned());
        };
        let bytes = read(Path::new(&path)).map_err(|e| format!("can't read {path}: {e}"))?;
        out.push_str("{\"$binary\":\"");
        STANDARD.encode_string(bytes, &mut out);
        out.push_str("\"}");
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_bytes_take_the_place_of_its_name() {
        let read = |path: &Path| match path.to_str() {
            Some("/a b") => Ok(vec![1, 2]),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        let args = "[\"up\",{\"$file\":\"/a b\"},{\"x\":{\"$file\":\"/a b\"}}]";
        assert!(named_in(args));
        let sent = "[\"up\",{\"$binary\":\"AQI=\"},{\"x\":{\"$binary\":\"AQI=\"}}]";
        assert_eq!(read_in(args, &read).as_deref(), Ok(sent));
        let text = "[\"up\",\"{\\\"$file\\\":\\\"/a b\\\"}\"]";
        assert_eq!(read_in(text, &read).as_deref(), Ok(text));
        for bad in [
            "[{\"$file\":1}]",
            "[{\"$file\":\"/a b\",\"x\":1}]",
            "[{\"$file\":\"/c\"}]",
        ] {
            assert!(read_in(bad, &read).is_err(), "{bad}");
        }
    }
}
