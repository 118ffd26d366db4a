//! The command that takes a host's keys out of a known_hosts file.

use std::path::Path;

/// `ssh-keygen -R NAME -f FILE`, quoted for the shell of this system.
pub(crate) fn removal_command(name: &str, file: &Path) -> String {
    format!("ssh-keygen -R {} -f {}", quote(name), quote(&file.to_string_lossy()))
}

#[cfg(not(windows))]
fn quote(word: &str) -> String {
    shell_words::quote(word).into_owned()
}

/// A Windows name holds no double quote.
#[cfg(windows)]
fn quote(word: &str) -> String {
    format!("\"{word}\"")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn is_quoted_for_the_shell() {
        assert_eq!(
            removal_command("[gpu.lab]:2222", Path::new("/home/a b/known_hosts")),
            "ssh-keygen -R '[gpu.lab]:2222' -f '/home/a b/known_hosts'"
        );
    }
}
