//! How a machine's SSH server is set up.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::Machine;

/// Whether this OpenSSH turns away addresses whose connections ended badly (since 9.8): the tests
/// all come from one, and end them badly on purpose.
fn has_penalties(dir: &Path) -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-T", "-f", "/dev/null", "-o", "PerSourcePenalties=no", "-h"]);
        let printed = command.arg(dir.join("host_key")).output();
        printed.is_ok_and(|printed| printed.status.success())
    })
}

/// The text of sshd_config(5) for a machine whose files are in `dir`.
pub fn text(dir: &Path, home: &Path, port: u16, machine: &Machine<'_>) -> String {
    let at = dir.display();
    let mut config = machine.config.to_owned();
    if has_penalties(dir) {
        config.push_str("\nPerSourcePenalties no");
    }
    let _ = write!(
        config,
        "\n\
         Port {port}\n\
         ListenAddress 127.0.0.1\n\
         HostKey {at}/host_key\n\
         PidFile none\n\
         AuthorizedKeysFile {at}/authorized_keys\n\
         StrictModes no\n\
         UsePAM no\n\
         PermitRootLogin yes\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         MaxStartups 200\n\
         SetEnv \"HOME={}\" {}\n\
         Subsystem sftp internal-sftp\n",
        home.display(),
        machine.environment
    );
    config
}
