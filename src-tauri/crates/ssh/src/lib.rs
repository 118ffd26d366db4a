//! SSH: connections, host keys, exec, SFTP upload and port forwarding (the only user of russh).
