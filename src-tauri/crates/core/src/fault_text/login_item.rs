//! Starting with the login session.

use slipway_protocol::{ErrorCode, Text};

use crate::fault::Fault;

impl Fault {
    /// The system did not take (or give up) the entry that starts Slipway with the login session.
    pub fn login_item(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(
            ErrorCode::LocalDisk,
            Text::new(
                format!("The system did not change what starts at login: {detail}."),
                format!("Система не изменила список автозапуска: {detail}."),
            ),
            Text::new(
                "Set it in the system's own settings, under startup or login items.",
                "Настройте в параметрах системы, в разделе автозапуска.",
            ),
            detail,
        )
    }

    /// A Slipway on a data directory of its own is not what the session would start.
    #[must_use]
    pub fn login_item_of_another() -> Self {
        Self::invalid(
            Text::new(
                "This Slipway uses a data directory of its own (SLIPWAY_DATA_DIR) and cannot start at login.",
                "Этот Slipway работает со своим каталогом данных (SLIPWAY_DATA_DIR) и не запускается при входе.",
            ),
            Text::new(
                "Change it in a Slipway that was started without SLIPWAY_DATA_DIR.",
                "Измените это в Slipway, запущенном без SLIPWAY_DATA_DIR.",
            ),
        )
    }
}
