//! What sort of device a browser says it is on. Nothing of what it says is kept but the sort.

use gapura_model::DeviceSort;

/// Guesses the sort of device from a `User-Agent` (RFC 9110 section 10.1.5). An iPad says it is a Mac, unless it shows the page
/// in the window that opens by itself.
pub(crate) fn sort_of(user_agent: &str) -> DeviceSort {
    let has = |words: &[&str]| words.iter().any(|word| user_agent.contains(word));
    if has(&["iPad", "Tablet", "PlayBook", "Silk/", "Kindle", "SM-T", "SM-X"]) {
        DeviceSort::Tablet
    } else if user_agent.contains("Android") && !user_agent.contains("Mobile") {
        // Chrome on a tablet leaves the word out, and nothing else on Android does.
        DeviceSort::Tablet
    } else if has(&["iPhone", "iPod", "Android", "Mobile", "Opera Mini", "KAIOS", "Windows Phone", "Series60"]) {
        DeviceSort::Phone
    } else if has(&["Windows NT", "Macintosh", "CrOS", "X11", "Linux"]) {
        DeviceSort::Laptop
    } else {
        DeviceSort::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_of_the_day_are_told_apart() {
        for (says, sort) in [
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                DeviceSort::Phone,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
                DeviceSort::Phone,
            ),
            ("Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", DeviceSort::Phone),
            ("Opera/9.80 (J2ME/MIDP; Opera Mini/9.80) Presto/2.5.25", DeviceSort::Phone),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                DeviceSort::Tablet,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
                DeviceSort::Tablet,
            ),
            ("Mozilla/5.0 (Android 13; Tablet; rv:128.0) Gecko/128.0 Firefox/128.0", DeviceSort::Tablet),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                DeviceSort::Laptop,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                DeviceSort::Laptop,
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", DeviceSort::Laptop),
            ("", DeviceSort::Other),
            ("curl/8.5.0", DeviceSort::Other),
        ] {
            assert_eq!(sort_of(says), sort, "{says}");
        }
    }
}
