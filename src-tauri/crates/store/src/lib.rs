//! SQLite: hosts, deployments, sessions, messages, settings (the only user of sqlx).
