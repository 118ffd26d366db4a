//! The models of a repository as people choose them: quantisations with sizes.
//!
//! The rules are those of the script on the host (`deploy/slipway_host/model/hub_listing.py`).

use std::collections::HashMap;

use crate::quantisation::{SplitName, quantisation_of};

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    /// Its path in the repository: plain names with slashes, safe to be made below a folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal; the hub tells it of large files.
    pub sha256: Option<String>,
}

/// What a model's files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelFormat {
    /// One file, or a few parts of one.
    Gguf,
    /// A folder.
    Safetensors,
}

/// One model to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubChoice {
    /// What its files are.
    pub format: ModelFormat,
    /// The first file of a GGUF; none for safetensors.
    pub file: Option<String>,
    /// As its name tells it: `Q4_K_M`.
    pub quantisation: Option<String>,
    /// All its files together.
    pub bytes: u64,
    /// Its files that the repository has, in the order to fetch them; [`HubListing::parts_of`] tells
    /// whether those of a split GGUF are all there.
    pub parts: Vec<HubFile>,
}

/// What a repository offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubListing {
    /// `OWNER/NAME`.
    pub repo: String,
    /// What was asked for.
    pub revision: String,
    /// What it stands for now.
    pub commit: String,
    /// Its owner wants terms to be accepted.
    pub gated: bool,
    /// Only those with a token see it.
    pub private: bool,
    /// Its models, the smallest first.
    pub choices: Vec<HubChoice>,
    /// All its files.
    pub files: Vec<HubFile>,
}

impl HubListing {
    pub(crate) fn new(
        repo: &str,
        revision: &str,
        commit: &str,
        gated: bool,
        private: bool,
        files: Vec<HubFile>,
    ) -> Self {
        let (repo, revision) = (repo.to_owned(), revision.to_owned());
        let (commit, choices) = (commit.to_owned(), choices(&files));
        Self { repo, revision, commit, gated, private, choices, files }
    }

    /// The files that a GGUF of the repository needs, given any of its parts; none where it, or one of
    /// its parts, is not there.
    #[must_use]
    pub fn parts_of(&self, path: &str) -> Option<Vec<HubFile>> {
        let find = |path: &str| self.files.iter().find(|file| file.path == path).cloned();
        let Some(split) = SplitName::read(path) else {
            return Some(vec![find(path)?]);
        };
        let SplitName { stem, count } = split;
        let numbers = 1..=count.parse::<u32>().ok().filter(|count| *count > 0)?;
        numbers.map(|number| find(&format!("{stem}-{number:05}-of-{count}.gguf"))).collect()
    }
}

fn choices(files: &[HubFile]) -> Vec<HubChoice> {
    let mut groups: Vec<Vec<HubFile>> = Vec::new();
    let mut places = HashMap::new();
    for file in files.iter().filter(|file| has_ending(&file.path, ".gguf")) {
        let key = SplitName::read(&file.path).map_or(file.path.as_str(), |split| split.stem);
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(file.clone()),
            None => groups.push(vec![file.clone()]),
        }
    }
    let mut found: Vec<HubChoice> = groups.into_iter().filter_map(gguf).collect();
    found.extend(safetensors(files));
    found.sort_by_key(|choice| choice.bytes);
    found
}

fn gguf(mut parts: Vec<HubFile>) -> Option<HubChoice> {
    parts.sort_by(|one, other| one.path.cmp(&other.path));
    let file = parts.first()?.path.clone();
    let quantisation = quantisation_of(&file);
    let bytes = size(&parts);
    Some(HubChoice { format: ModelFormat::Gguf, file: Some(file), quantisation, bytes, parts })
}

/// A model as safetensors in the top folder, if the repository is one.
fn safetensors(files: &[HubFile]) -> Option<HubChoice> {
    let top = || files.iter().filter(|file| !file.path.contains('/'));
    let weights =
        || top().filter(|file| file.path.len() > 12 && file.path.ends_with(".safetensors"));
    // One file for all beside the parts of the same: the parts are what the index names.
    let mut parts: Vec<HubFile> = weights().filter(|file| is_part(&file.path)).cloned().collect();
    if parts.is_empty() {
        parts = weights().cloned().collect();
    }
    let endings = [".json", ".txt", ".model", ".jinja", ".tiktoken"];
    let is_side = |path: &str| endings.iter().any(|e| path.len() > e.len() && path.ends_with(e));
    let is_configuration = |file: &&HubFile| file.path == "config.json";
    let configuration = top().find(is_configuration)?.clone();
    if parts.is_empty() {
        return None;
    }
    parts.extend(top().filter(|f| is_side(&f.path) && !is_configuration(f)).cloned());
    // It comes last: a folder with it is complete.
    parts.push(configuration);
    let (format, bytes) = (ModelFormat::Safetensors, size(&parts));
    Some(HubChoice { format, file: None, quantisation: None, bytes, parts })
}

/// `model-00001-of-00004.safetensors`.
fn is_part(path: &str) -> bool {
    let numbers = path.strip_prefix("model-").and_then(|rest| rest.strip_suffix(".safetensors"));
    let five = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.and_then(|n| n.split_once("-of-")).is_some_and(|(n, count)| five(n) && five(count))
}

fn has_ending(path: &str, ending: &str) -> bool {
    path.to_ascii_lowercase().ends_with(ending)
}

fn size(files: &[HubFile]) -> u64 {
    files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
}
