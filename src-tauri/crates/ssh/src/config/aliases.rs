//! The names that a configuration gives to hosts.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::tokens::home;

/// Aliases offered at most.
const MOST: usize = 200;
/// As deep as OpenSSH itself goes (READCONF_MAX_DEPTH).
const MAX_DEPTH: u8 = 16;

/// The names on `Host` lines that are no patterns, `Include`d files too.
pub(super) fn read(file: &Path) -> Vec<String> {
    let mut names = Vec::new();
    collect(file, 0, &mut HashSet::new(), &mut names);
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MOST);
    names
}

fn collect(file: &Path, depth: u8, visited: &mut HashSet<PathBuf>, names: &mut Vec<String>) {
    // A file in a loop, or one that is included twice, has nothing new to say.
    if depth > MAX_DEPTH || !visited.insert(file.to_path_buf()) {
        return;
    }
    let Ok(bytes) = std::fs::read(file) else {
        return;
    };
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.trim();
        let (keyword, rest) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
        let Ok(words) = shell_words::split(rest) else {
            continue;
        };
        match keyword.to_ascii_lowercase().as_str() {
            "host" => {
                let plain = |word: &String| {
                    !word.contains(['*', '?', '!']) && !word.starts_with('-') && !word.is_empty()
                };
                names.extend(words.into_iter().filter(plain));
            }
            "include" => {
                for word in words {
                    for included in matching(&word) {
                        collect(&included, depth + 1, visited, names);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The files that an `Include` names: relative to `~/.ssh`, with wildcards.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let path = match (pattern.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => home.join(rest),
        (None, Some(home)) => home.join(".ssh").join(pattern),
        _ => PathBuf::from(pattern),
    };
    match glob::glob(&path.to_string_lossy()) {
        Ok(paths) => paths.flatten().collect(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_no_aliases_and_includes_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let main = dir.path().join("config");
        let all = dir.path().display();
        std::fs::write(
            &main,
            format!(
                "Include {all}/more* {all}/config\nHost a b *.corp !c\n  User me\nhost=d\nHost a\n"
            ),
        )
        .unwrap();
        std::fs::write(dir.path().join("more1"), "Host\t\"e f\" g # last\n").unwrap();
        std::fs::write(dir.path().join("more2"), format!("Include {all}/config\n")).unwrap();
        assert_eq!(read(&main), ["e f", "g", "a", "b", "d"]);
    }
}
