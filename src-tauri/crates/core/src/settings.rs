//! What values the settings may have.

use slipway_protocol::{Settings, Text};

use crate::fault::Fault;

/// Refuses what is out of range, naming the setting and its range.
pub(crate) fn check_settings(settings: &Settings) -> Result<(), Fault> {
    within("chat_limit", settings.chat_limit, 1, 32)?;
    within("deploy_limit", settings.deploy_limit, 1, 8)?;
    within("monitor_interval_s", settings.monitor_interval_s, 5, 600)?;
    within("tunnel_wait_s", settings.tunnel_wait_s, 0, 120)?;
    within("keepalive_timeout_s", settings.keepalive_timeout_s, 3, 120)?;
    within("first_token_timeout_s", settings.first_token_timeout_s, 5, 3600)?;
    within("log_megabytes", settings.log_megabytes, 1, 1000)?;
    within("metrics_days", settings.metrics_days, 1, 3650)?;
    within("notify_after_s", settings.notify_after_s, 1, 3600)?;
    within("zoom_percent", settings.zoom_percent, 50, 200)?;
    check_address("hub_url", &settings.hub_url)?;
    if !settings.package_index.is_empty() {
        check_address("package_index", &settings.package_index)?;
    }
    if let Some(tokens) = settings.max_tokens {
        within("max_tokens", tokens, 1, 131_072)?;
    }
    if let Some(temperature) = settings.temperature {
        within("temperature", temperature, 0.0, 2.0)?;
    }
    Ok(())
}

/// Refuses what is no web address.
fn check_address(name: &str, address: &str) -> Result<(), Fault> {
    let is_web = ["https://", "http://"].iter().any(|scheme| {
        address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    if is_web && !address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new(
            format!("{name} cannot be “{address}”."),
            format!("Значение {name} не может быть «{address}»."),
        ),
        Text::new(
            "It begins with https:// or http://.",
            "Адрес начинается с https:// или http://.",
        ),
    ))
}

/// Refuses a value out of its range.
pub(crate) fn within<T: PartialOrd + std::fmt::Display>(
    name: &str,
    value: T,
    least: T,
    most: T,
) -> Result<(), Fault> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new(
            format!("{name} cannot be {value}."),
            format!("Значение {name} не может быть {value}."),
        ),
        Text::new(
            format!("Choose a value from {least} to {most}."),
            format!("Выберите значение от {least} до {most}."),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert!(check_settings(&Settings::default()).is_ok());
        let bad = [
            Settings { chat_limit: 0, ..Settings::default() },
            Settings { temperature: Some(2.1), ..Settings::default() },
            Settings { temperature: Some(f64::NAN), ..Settings::default() },
            Settings { log_megabytes: 5000, ..Settings::default() },
            Settings { hub_url: "ftp://x".into(), ..Settings::default() },
            Settings { package_index: "https://".into(), ..Settings::default() },
        ];
        for settings in bad {
            assert!(check_settings(&settings).is_err(), "{settings:?}");
        }
    }
}
