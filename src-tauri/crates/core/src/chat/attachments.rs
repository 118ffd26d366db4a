//! Files that are sent with messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use slipway_protocol::{
    Attachment, AttachmentAdd, AttachmentContent, AttachmentId, AttachmentKind, AttachmentRef, Text,
};

use super::tokens::estimate;
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;

/// Longest text in bytes.
const LONGEST_TEXT: usize = 4 * 1024 * 1024;
/// Largest picture in bytes.
const LARGEST_PICTURE: usize = 20 * 1024 * 1024;
/// Longest name in characters.
const LONGEST_NAME: usize = 255;

impl Program {
    /// Keeps a file, to be sent with a message.
    pub async fn attachment_add(&self, add: AttachmentAdd) -> Result<Attachment, Fault> {
        let name = file_name(&add.name)?;
        let (mime, bytes, tokens) = match add.kind {
            AttachmentKind::Text => {
                if add.data.len() > LONGEST_TEXT {
                    return Err(too_big("4 MB", "4 МБ"));
                }
                let tokens = estimate(&add.data);
                (add.mime, add.data.into_bytes(), Some(tokens))
            }
            AttachmentKind::Image => {
                if add.data.len() / 4 * 3 > LARGEST_PICTURE {
                    return Err(too_big("20 MB", "20 МБ"));
                }
                let bytes = STANDARD.decode(&add.data).map_err(|_| no_picture())?;
                (picture_type(&bytes).ok_or_else(no_picture)?.to_owned(), bytes, None)
            }
        };
        let attachment = Attachment {
            id: AttachmentId::new(),
            name,
            mime,
            kind: add.kind,
            bytes: bytes.len() as u64,
            tokens,
        };
        self.store().attachments().add(&attachment, &bytes, now_ms()).await?;
        Ok(attachment)
    }

    /// Forgets a file that was not sent.
    pub async fn attachment_drop(&self, one: AttachmentRef) -> Result<(), Fault> {
        self.store().attachments().drop_unsent(&one.attachment_id).await?;
        Ok(())
    }

    /// The content of a file.
    pub async fn attachment_get(&self, one: AttachmentRef) -> Result<AttachmentContent, Fault> {
        let (attachment, bytes) = self.store().attachments().get(&one.attachment_id).await?;
        let data = match attachment.kind {
            AttachmentKind::Text => String::from_utf8_lossy(&bytes).into_owned(),
            AttachmentKind::Image => STANDARD.encode(&bytes),
        };
        Ok(AttachmentContent { data })
    }

    /// The files that a message names.
    pub(super) async fn attached(&self, ids: &[AttachmentId]) -> Result<Vec<Attachment>, Fault> {
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.push(self.store().attachments().get(id).await?.0);
        }
        Ok(all)
    }
}

/// A name without a folder.
fn file_name(name: &str) -> Result<String, Fault> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(Fault::invalid(
        Text::new("The file has no usable name.", "У файла неподходящее имя."),
        Text::new("Give it a shorter, plain name.", "Дайте ему короткое простое имя."),
    ))
}

/// The type of a picture by its first bytes.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn no_picture() -> Fault {
    Fault::invalid(
        Text::new(
            "This is no PNG, JPEG, WebP or GIF picture.",
            "Это не картинка PNG, JPEG, WebP или GIF.",
        ),
        Text::new("Save it as one of these.", "Сохраните её в одном из этих форматов."),
    )
}

fn too_big(en: &str, ru: &str) -> Fault {
    Fault::invalid(
        Text::new(format!("The file has more than {en}."), format!("В файле больше {ru}.")),
        Text::new("Attach a smaller part of it.", "Прикрепите меньшую часть."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_cut_off_names() {
        assert_eq!(file_name("/etc/../a b.txt").unwrap(), "a b.txt");
        assert_eq!(file_name(r"C:\Users\x\notes.md").unwrap(), "notes.md");
        assert!(file_name("a/").is_err() && file_name("a\u{0}b").is_err());
    }

    #[test]
    fn pictures_are_known_by_their_bytes() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\n"), Some("image/png"));
        assert_eq!(picture_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(picture_type(b"<svg onload=alert(1)>"), None);
        assert_eq!(picture_type(b""), None);
    }
}
