//! The sum of a file on the host, taken there: reading a large file back would take as long as
//! sending it.

use std::time::Duration;

use crate::error::Error;
use crate::session::Session;
use crate::sftp::Sftp;
use crate::shell;

/// For the sum on the host: a start, and then at least [`SUM_RATE`].
pub(crate) const SUM_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes per second.
pub(crate) const SUM_RATE: u64 = 10 * 1024 * 1024;

impl Session {
    /// The SHA-256 of a file of so many bytes, hexadecimal, by whichever program the host has, else by
    /// reading it back.
    pub(crate) async fn sum_on_host(
        &self,
        sftp: &Sftp,
        path: &str,
        bytes: u64,
    ) -> Result<String, Error> {
        match self.run_sum(&sum_script("", r#"<"$1""#), &[path], bytes).await? {
            Some(sum) => Ok(sum),
            None => sftp.sum(path, u64::MAX).await,
        }
    }

    /// The same of its first bytes.
    pub(crate) async fn sum_of_start_on_host(
        &self,
        sftp: &Sftp,
        path: &str,
        bytes: u64,
    ) -> Result<String, Error> {
        // POSIX's `head` counts lines only. Where this one does too, nothing is printed.
        let able = r#"head -c 1 <"$1" >/dev/null 2>&1 || exit; "#;
        let script = sum_script(able, r#"head -c "$2" <"$1" |"#);
        match self.run_sum(&script, &[path, &bytes.to_string()], bytes).await? {
            Some(sum) => Ok(sum),
            None => sftp.sum(path, bytes).await,
        }
    }

    /// Runs a script of [`sum_script`]; nothing where the host has no program for it, or no shell.
    async fn run_sum(
        &self,
        script: &str,
        arguments: &[&str],
        bytes: u64,
    ) -> Result<Option<String>, Error> {
        let timeout = SUM_TIMEOUT + Duration::from_secs(bytes / SUM_RATE);
        let output = match self.run(&shell::script(script, arguments), Vec::new(), timeout).await {
            Ok(output) => output,
            // A host may allow SFTP and nothing else.
            Err(Error::SessionRefused) => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let sum = text.rsplit_once("<sha256:").and_then(|(_, rest)| rest.get(..64));
        let sum = sum.filter(|sum| sum.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Ok(sum.map(str::to_ascii_lowercase))
    }
}

/// A shell script that prints a sum between marks, as a login shell may print things of its own.
/// `input` is what stands before a program to give it the bytes on its standard input.
fn sum_script(before: &str, input: &str) -> String {
    // OpenSSL uses what the processor has for it; coreutils often do not, at a quarter the speed.
    format!(
        r#"{before}h=$({input} openssl dgst -sha256 -r || {input} sha256sum || {input} shasum -a 256 || {input} python3 -c 'import hashlib,sys
h=hashlib.sha256()
for b in iter(lambda:sys.stdin.buffer.read(1048576),b""):h.update(b)
print(h.hexdigest())') 2>/dev/null; echo "<sha256:${{h%% *}}>""#
    )
}
