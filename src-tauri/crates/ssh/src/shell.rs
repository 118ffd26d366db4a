//! Command lines that mean the same to every login shell.

/// A POSIX shell script with its arguments (`$1`, `$2`…), as one command line.
///
/// sshd hands a command to the login's shell, which may be fish or csh; so that shell is only
/// asked to start `sh`.
pub(crate) fn script(script: &str, arguments: &[&str]) -> String {
    let mut line = format!("exec sh -c {} sh", quote(script));
    for argument in arguments {
        line.push(' ');
        line.push_str(&quote(argument));
    }
    line
}

/// Quotes a word so that shells take it literally.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_the_shell() {
        let nasty = "a b'c\"d$HOME;`id`\\";
        let line = script(r#"printf %s "$1""#, &[nasty]);
        let output = std::process::Command::new("sh").arg("-c").arg(line).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), nasty);
    }
}
