//! How many tokens a text has, where no engine counts them.

/// Tokens of a text, estimated: four bytes each, which is near the truth for English and code and
/// too many for none of the usual vocabularies in Cyrillic (two bytes a letter, two letters a token).
pub(super) fn estimate(text: &str) -> u32 {
    u32::try_from(text.len().div_ceil(4)).unwrap_or(u32::MAX)
}

/// What a message costs beyond its text: its role and the marks of the template.
pub(super) const OVERHEAD: u32 = 6;

/// What a picture costs, estimated: the tiles of the common encoders.
pub(super) const PICTURE: u32 = 800;
