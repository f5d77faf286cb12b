//! The forms of a portal page: enough HTML for pages that work without JavaScript, not a browser.

use crate::text::put;

/// One control of a form that would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value as the page has it.
    pub value: String,
    /// `hidden`, `text`, `checkbox`, `submit`, ..
    pub kind: String,
    /// The element's attributes hold `required`.
    pub required: bool,
    /// A checkbox or radio button that is set.
    pub checked: bool,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it goes: as written, may be relative or empty (the page itself).
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// Its controls in order.
    pub fields: Vec<Field>,
}

impl Form {
    /// Whether it has a control of that name.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The urlencoded body a browser would send: hidden and text controls, set or required boxes, the first button;
    /// `filled` replaces values by name.
    pub fn filled(&self, filled: &[(&str, &str)]) -> String {
        let mut button_taken = false;
        let mut pairs: Vec<String> = Vec::new();
        for field in &self.fields {
            let given = filled.iter().find(|(name, _)| *name == field.name).map(|(_, value)| *value);
            let sent = match field.kind.as_str() {
                "checkbox" | "radio" => given.is_some() || field.checked || field.required,
                "submit" | "button" | "image" => !std::mem::replace(&mut button_taken, true),
                _ => true,
            };
            if sent && !field.name.is_empty() {
                pairs.push(format!("{}={}", encoded(&field.name), encoded(given.unwrap_or(&field.value))));
            }
        }
        pairs.join("&")
    }
}

/// All forms of a page.
pub fn forms(page: &str) -> Vec<Form> {
    let mut found: Vec<Form> = Vec::new();
    let mut inside = false;
    for (tag, text) in page.split('<').skip(1).filter_map(|rest| rest.split_once('>')) {
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        let form = if inside { found.last_mut() } else { None };
        match (name.to_ascii_lowercase().as_str(), form) {
            ("form", _) => {
                let action = attribute(tag, "action").unwrap_or_default();
                let method = attribute(tag, "method").unwrap_or_else(|| "get".into()).to_ascii_lowercase();
                found.push(Form { action, method, fields: Vec::new() });
                inside = true;
            }
            ("input" | "button", Some(form)) => {
                let plain = if name.eq_ignore_ascii_case("button") { "submit" } else { "text" };
                form.fields.push(Field {
                    name: attribute(tag, "name").unwrap_or_default(),
                    value: attribute(tag, "value").unwrap_or_default(),
                    kind: attribute(tag, "type").unwrap_or_else(|| plain.into()).to_ascii_lowercase(),
                    required: attribute(tag, "required").is_some(),
                    checked: attribute(tag, "checked").is_some(),
                });
            }
            ("textarea", Some(form)) => form.fields.push(Field {
                name: attribute(tag, "name").unwrap_or_default(),
                // A line's end right after the tag is not part of it.
                value: unescaped(text.strip_prefix('\n').unwrap_or(text)),
                kind: "textarea".into(),
                required: attribute(tag, "required").is_some(),
                checked: false,
            }),
            _ => inside &= !tag.to_ascii_lowercase().starts_with("/form"),
        }
    }
    found
}

/// The value of an attribute of a tag; an attribute without a value is empty.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let mut rest = tag.split_once(|c: char| c.is_ascii_whitespace())?.1.trim_start();
    while !rest.is_empty() && rest != "/" {
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after.trim_start_matches('/')),
            Some(quoted) if quoted.starts_with(['"', '\'']) => {
                let (quote, inner) = quoted.split_at(1);
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            Some(bare) => bare.split_at(bare.find(|c: char| c.is_ascii_whitespace()).unwrap_or(bare.len())),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(unescaped(value));
        }
        rest = after.trim_start();
    }
    None
}

fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'")];
    let all = pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    all.replace("&#38;", "&").replace("&amp;", "&")
}

/// `application/x-www-form-urlencoded` (URL standard section 5.2).
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => put(&mut out, format_args!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_found_and_filled_as_a_browser_would() {
        let page = r#"<p><form action="/masuk?l=id&amp;x=1" method=POST><input type=hidden name="t" value="a&quot;b">
            <input name=kode required><input type="checkbox" name="setuju" value="ya" required>
            <input type=checkbox name=surat value=ya><button name="cara" value="voucher">Masuk</button></form>
            <input name="outside"><form><textarea name=a>
x &amp; y</textarea><textarea name=b></textarea><button>x</button></form>"#;
        let all = forms(page);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].action.as_str(), all[0].method.as_str()), ("/masuk?l=id&x=1", "post"));
        assert_eq!(all[0].filled(&[("kode", "ab cd")]), "t=a%22b&kode=ab+cd&setuju=ya&cara=voucher");
        assert!(!all[0].has("outside"));
        assert_eq!(all[1].filled(&[("b", "z")]), "a=x+%26+y&b=z");
    }
}
