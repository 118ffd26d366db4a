//! Sizes and moments in figures.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::output::Output;

/// What stands where a figure is not known.
pub(crate) const UNKNOWN: &str = "—";

/// Bytes in decimal units, as disks and downloads are sold, and as the window writes them.
pub(crate) fn size(output: &Output, bytes: u64) -> String {
    let value = bytes as f64;
    let (value, unit) = match bytes {
        0..1_000 => return format!("{bytes} {}", output.pick("B", "Б")),
        1_000..999_500 => return format!("{:.0} {}", value / 1e3, output.pick("kB", "кБ")),
        999_500..999_950_000 => (value / 1e6, output.pick("MB", "МБ")),
        999_950_000..999_950_000_000 => (value / 1e9, output.pick("GB", "ГБ")),
        _ => (value / 1e12, output.pick("TB", "ТБ")),
    };
    // A decimal where it says something.
    let digits = if value < 99.95 { 1 } else { 0 };
    format!("{value:.digits$} {unit}")
}

/// The same, where it may not be known.
pub(crate) fn size_or_unknown(output: &Output, bytes: Option<u64>) -> String {
    bytes.map_or_else(|| UNKNOWN.to_owned(), |bytes| size(output, bytes))
}

/// A moment, ms since the epoch, to the minute and in this computer's time zone.
pub(crate) fn moment(ms: u64) -> String {
    moment_in(ms, TimeZone::system())
}

fn moment_in(ms: u64, zone: TimeZone) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    match moment {
        Some(moment) => moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        None => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::Language;

    use super::*;

    #[test]
    fn bytes_are_as_long_as_they_say_something() {
        let en = Output::of(Language::En);
        let written: Vec<String> =
            [999, 1_700, 1_700_000, 188_200_000, 12_100_000_000, 2_000_000_000_000]
                .into_iter()
                .map(|bytes| size(&en, bytes))
                .collect();
        assert_eq!(written, ["999 B", "2 kB", "1.7 MB", "188 MB", "12.1 GB", "2.0 TB"]);
        assert_eq!(size(&Output::of(Language::Ru), 1_700_000), "1.7 МБ");
        assert_eq!(size_or_unknown(&en, None), UNKNOWN);
    }

    #[test]
    fn a_moment_is_that_of_the_zone_and_an_impossible_one_unknown() {
        let east = TimeZone::fixed(jiff::tz::offset(3));
        assert_eq!(moment_in(1_000, east.clone()), "1970-01-01 03:00");
        assert_eq!(moment_in(u64::MAX, east.clone()), UNKNOWN);
        assert_eq!(moment_in(i64::MAX as u64, east), UNKNOWN);
    }
}
