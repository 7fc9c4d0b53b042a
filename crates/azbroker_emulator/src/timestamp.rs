//! Time as the services write it.

use std::time::SystemTime;

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// Time of an HTTP header, see [RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7).
pub(crate) fn http_date(at: SystemTime) -> String {
    write(at, HTTP_DATE)
}

/// Time inside an error of Entra ID, such as `2026-01-01 00:00:00Z`.
pub(crate) fn error_time(at: SystemTime) -> String {
    write(at, ERROR_TIME)
}

/// The hour of the day, for a line on a screen.
pub(crate) fn time_of_day(at: SystemTime) -> String {
    write(at, TIME_OF_DAY)
}

fn write(at: SystemTime, format: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from(at).format(format).unwrap_or_default()
}

const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
const ERROR_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
const TIME_OF_DAY: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second]");

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn times_are_written_as_the_services_write_them() {
        let at = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(error_time(at), "1994-11-06 08:49:37Z");
        assert_eq!(time_of_day(at), "08:49:37");
    }
}
