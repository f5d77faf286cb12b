//! Reads a page of figures strictly: what a scraper would pass over is a mistake here.

use std::collections::{BTreeMap, BTreeSet};

use crate::page::Format;

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What only grows.
    Counter,
    /// What rises and falls.
    Gauge,
    /// How long something took.
    Histogram,
}

/// Figures of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Without `_total`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub help: String,
    /// Its figures.
    pub points: Vec<Point>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The whole name on the line.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The figure.
    pub value: f64,
}

/// All families of a page, in order.
///
/// # Errors
/// The first mistake, with its line.
pub fn read(text: &str, format: Format) -> Result<Vec<Family>, String> {
    if !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let mut families: Vec<Family> = Vec::new();
    let mut help: Option<(String, String)> = None;
    let mut ended = false;
    let mut seen = BTreeSet::new();
    for (number, line) in text.lines().enumerate() {
        let at = |why: String| format!("line {}: {why}: {line}", number + 1);
        if ended {
            return Err(at("something stands behind the end".to_owned()));
        }
        if line == "# EOF" && format == Format::OpenMetrics {
            ended = true;
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, words) = rest.split_once(' ').ok_or_else(|| at("no words".to_owned()))?;
            if help.replace((name.to_owned(), unescaped(words, false).map_err(at)?)).is_some() {
                return Err(at("two HELP without TYPE".to_owned()));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| at("no type".to_owned()))?;
            let family = begun(name, kind, help.take(), format).map_err(at)?;
            if families.iter().any(|other| other.name == family.name) {
                return Err(at("this family stood before".to_owned()));
            }
            families.push(family);
        } else if line.starts_with('#') || line.is_empty() {
            return Err(at("neither HELP nor TYPE nor a figure".to_owned()));
        } else {
            let point = point(line).map_err(at)?;
            let family = families.last_mut().ok_or_else(|| at("no family before".to_owned()))?;
            belongs(family, &point).map_err(at)?;
            if !seen.insert((point.name.clone(), point.labels.clone())) {
                return Err(at("this figure stood before".to_owned()));
            }
            family.points.push(point);
        }
    }
    if format == Format::OpenMetrics && !ended {
        return Err("no # EOF at the end".to_owned());
    }
    families.iter().try_for_each(whole)?;
    Ok(families)
}

fn begun(name: &str, kind: &str, help: Option<(String, String)>, format: Format) -> Result<Family, String> {
    let (helped, help) = help.ok_or("no HELP before it")?;
    if helped != name {
        return Err(format!("the HELP before it is of {helped}"));
    }
    let kind = match kind {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        _ => return Err("no such type".to_owned()),
    };
    let base = name.strip_suffix("_total");
    let name = match (kind, format, base) {
        (Kind::Counter, Format::Prometheus, Some(base)) => base,
        (Kind::Counter, Format::Prometheus, None) => return Err("a counter without _total".to_owned()),
        (_, _, Some(_)) => return Err("_total where it does not belong".to_owned()),
        (_, _, None) => name,
    };
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(good) {
        return Err("not a name as Prometheus advises".to_owned());
    }
    Ok(Family { name: name.to_owned(), kind, help, points: Vec::new() })
}

fn belongs(family: &Family, point: &Point) -> Result<(), String> {
    let suffix = point.name.strip_prefix(family.name.as_str()).ok_or("a figure of another family")?;
    let bound = point.labels.contains_key("le");
    let fits = match family.kind {
        Kind::Counter => suffix == "_total" && !bound && point.value >= 0.0,
        Kind::Gauge => suffix.is_empty() && !bound,
        Kind::Histogram => match suffix {
            "_bucket" => bound,
            "_sum" | "_count" => !bound,
            _ => false,
        },
    };
    if fits { Ok(()) } else { Err("not how figures of this family are written".to_owned()) }
}

/// Buckets of a histogram rise, and the last one is its count.
fn whole(family: &Family) -> Result<(), String> {
    if family.kind != Kind::Histogram {
        return Ok(());
    }
    let mut last: BTreeMap<BTreeMap<String, String>, (f64, f64)> = BTreeMap::new();
    for point in &family.points {
        let mut labels = point.labels.clone();
        if let Some(bound) = labels.remove("le") {
            let bound = number(&bound)?;
            if last.insert(labels, (bound, point.value)).is_some_and(|(b, v)| b >= bound || v > point.value) {
                return Err(format!("{}: buckets do not rise", family.name));
            }
        } else if point.name.ends_with("_count") && last.get(&labels) != Some(&(f64::INFINITY, point.value)) {
            return Err(format!("{}: the bucket +Inf is not the count", family.name));
        }
    }
    Ok(())
}

fn point(line: &str) -> Result<Point, String> {
    let split = line.find(['{', ' ']).ok_or("no figure")?;
    let (name, rest) = line.split_at(split);
    let mut labels = BTreeMap::new();
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(mut inner) => loop {
            let (key, behind) = inner.split_once("=\"").ok_or("a label without value")?;
            let good = |c: char| c.is_ascii_lowercase() || c == '_';
            if key.is_empty() || !key.chars().all(good) {
                return Err(format!("not a label: {key}"));
            }
            let end = closing(behind).ok_or("a label that does not end")?;
            let (value, behind) = behind.split_at(end);
            if labels.insert(key.to_owned(), unescaped(value, true)?).is_some() {
                return Err(format!("the label {key} stands twice"));
            }
            match behind.strip_prefix("\",") {
                Some(more) => inner = more,
                None => break behind.strip_prefix("\"}").ok_or("labels that do not end")?,
            }
        },
    };
    let value = number(rest.strip_prefix(' ').ok_or("no figure")?)?;
    Ok(Point { name: name.to_owned(), labels, value })
}

fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

fn unescaped(text: &str, quotes: bool) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quotes) {
            ('\\', _) => match chars.next() {
                Some('\\') => out.push('\\'),
                Some('n') => out.push('\n'),
                Some('"') if quotes => out.push('"'),
                _ => return Err("a backslash before what needs none".to_owned()),
            },
            _ => out.push(c),
        }
    }
    Ok(out)
}

fn number(text: &str) -> Result<f64, String> {
    match text {
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            text.parse().map_err(|_| format!("not a number: {text}"))
        }
        _ => Err(format!("not a number: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_seen() {
        let head = "# HELP a Words.\n# TYPE a gauge\n";
        assert!(read(&format!("{head}a 1\n"), Format::Prometheus).is_ok());
        for wrong in [
            "a 1\n".to_owned(),
            "# TYPE a gauge\na 1\n".to_owned(),
            format!("{head}a 1"),
            format!("{head}b 1\n"),
            format!("{head}a_total 1\n"),
            format!("{head}a 1\na 2\n"),
            format!("{head}a x\n"),
            format!("{head}a{{b=\"c}} 1\n"),
            format!("{head}a{{b=\"c\",b=\"c\"}} 1\n"),
            format!("{head}a{{le=\"1\"}} 1\n"),
            format!("{head}{head}a 1\n"),
            "# HELP a Words.\n# TYPE a counter\na 1\n".to_owned(),
            "# HELP a Words.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n".to_owned(),
            "# HELP a Words.\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\n".to_owned(),
        ] {
            assert!(read(&wrong, Format::Prometheus).is_err(), "{wrong}");
        }
        assert!(read(&format!("{head}a 1\n"), Format::OpenMetrics).is_err());
        assert!(read(&format!("{head}a 1\n# EOF\na{{b=\"c\"}} 1\n"), Format::OpenMetrics).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_label_comes_back(value in ".*") {
            let mut page = crate::Page::new(Format::Prometheus);
            page.gauge("a", "Words.", |it| it.with(&[("b", value.as_str())], 1_u8));
            // Other line ends than ours are part of the value.
            let text = page.finish().1;
            if !value.contains('\r') {
                let families = read(&text, Format::Prometheus).unwrap();
                proptest::prop_assert_eq!(&families[0].points[0].labels["b"], &value);
            }
        }

        #[test]
        fn nothing_makes_it_fall_over(text in "[ -~\n]{0,200}") {
            drop(read(&text, Format::OpenMetrics));
        }
    }
}
