//! Days between two dates.

/// A DICOM date (PS3.5 6.2, `YYYYMMDD`, as older files have it `YYYY.MM.DD`) as `YYYY-MM-DD`; `None` for anything else.
pub fn of_dicom(text: &str) -> Option<String> {
    let digits: String = text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).replace('.', "");
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]);
    day(&date).map(|_| date)
}

/// Days from one date to another, both `YYYY-MM-DD`; negative where the second is earlier.
pub fn days_between(from: &str, to: &str) -> Option<i64> {
    Some(day(to)? - day(from)?)
}

/// Days since 1 March of year 0 in the Gregorian calendar: years that begin in March end with the leap day.
fn day(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) || year < 1 {
        return None;
    }
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_between_dates_count_leap_days() {
        assert_eq!(days_between("2023-03-01", "2024-03-01"), Some(366));
        assert_eq!(days_between("1900-02-28", "1900-03-01"), Some(1), "1900 was no leap year");
        assert_eq!(days_between("2000-02-28", "2000-03-01"), Some(2));
        assert_eq!(days_between("2024-12-31", "2024-01-01"), Some(-365));
        assert_eq!(days_between("2024-02-30", "2024-03-01"), None);
    }

    #[test]
    fn of_dicom_takes_dates_and_nothing_else() {
        assert_eq!(of_dicom("20240229 ").as_deref(), Some("2024-02-29"));
        assert_eq!(of_dicom("2024.02.29").as_deref(), Some("2024-02-29"));
        assert_eq!([of_dicom(""), of_dicom("20230229"), of_dicom("2024022")], [None, None, None]);
    }
}
