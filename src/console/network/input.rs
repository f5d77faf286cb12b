//! Fields of forms, drawn by one template.

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line of text; what is known is suggested.
    Line,
    /// Several lines.
    Lines,
    /// One of a list.
    Choice,
    /// One of a few, all in sight.
    Radio,
    /// Any of a few.
    Ticks,
}

/// A field of a form.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) kind: Kind,
    /// Values and their words: to choose from, or (words empty) to suggest.
    pub(super) options: Vec<(String, String)>,
    /// What stands in it; several values with commas between.
    pub(super) value: String,
    /// What is wrong with it; empty: nothing.
    pub(super) wrong: String,
}

impl Input {
    pub(super) fn new(name: &'static str, label: String, kind: Kind) -> Self {
        let (hint, options, value, wrong) = (String::new(), Vec::new(), String::new(), String::new());
        Self { name, label, hint, kind, options, value, wrong }
    }

    /// With a line under its label.
    pub(super) fn hint(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }

    /// With values to choose from or suggest.
    pub(super) fn options(mut self, options: Vec<(String, String)>) -> Self {
        self.options = options;
        self
    }

    pub(super) const fn is_many(&self) -> bool {
        matches!(self.kind, Kind::Radio | Kind::Ticks)
    }

    pub(super) const fn is_choice(&self) -> bool {
        matches!(self.kind, Kind::Choice)
    }

    pub(super) const fn is_lines(&self) -> bool {
        matches!(self.kind, Kind::Lines)
    }

    /// The lines that say more about it.
    pub(super) fn described(&self) -> String {
        let lines = [(&self.hint, 'h'), (&self.wrong, 's')];
        let there = lines.into_iter().filter(|(text, _)| !text.is_empty());
        there.map(|(_, line)| format!("{line}-{}", self.name)).collect::<Vec<_>>().join(" ")
    }

    /// The type of its boxes.
    pub(super) const fn box_type(&self) -> &'static str {
        if matches!(self.kind, Kind::Ticks) { "checkbox" } else { "radio" }
    }

    pub(super) fn is_on(&self, key: &str) -> bool {
        self.value.split(',').any(|one| one == key)
    }
}

/// What stands in a form: field and text; a field may stand several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed(pub(super) Vec<(&'static str, String)>);

impl Typed {
    /// What was sent of these fields; the values of a field that stands several times with commas between.
    pub(super) fn of(fields: &crate::form::Fields, names: &[&'static str]) -> Self {
        let text = |name: &&'static str| (*name, fields.all(name).collect::<Vec<_>>().join(","));
        Self(names.iter().map(text).collect())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    pub(super) fn is_on(&self, name: &str, key: &str) -> bool {
        self.get(name).split(',').any(|one| one == key)
    }

    /// The text, if there is one.
    pub(super) fn some(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// A field, the key of what is wrong with it, and the text it is about.
pub(super) type Wrong = (&'static str, &'static str, String);

/// What is wrong, in words: field and sentence.
pub(super) fn told(w: gapura_speech::Words, wrong: Vec<Wrong>) -> Vec<(String, String)> {
    let words = |(field, key, text): Wrong| {
        let words = if text.is_empty() { w.t(key) } else { w.t1(key, "text", text) };
        (field.to_owned(), words)
    };
    wrong.into_iter().map(words).collect()
}

/// Puts what was typed and what is wrong into the fields.
pub(super) fn fill(inputs: &mut [Input], typed: &Typed, wrong: &[(String, String)]) {
    for one in inputs {
        typed.get(one.name).clone_into(&mut one.value);
        let own = wrong.iter().find(|(field, _)| field == one.name);
        one.wrong = own.map(|(_, words)| words.clone()).unwrap_or_default();
    }
}

/// The same for the list on top of a page, where each line names its field.
pub(super) fn listed<'a>(
    inputs: impl Iterator<Item = &'a Input> + Clone,
    wrong: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let named = |(field, words): (String, String)| {
        let known = inputs.clone().find(|one| one.name == field);
        let words = known.map_or_else(|| words.clone(), |one| format!("{}: {words}", one.label));
        (field, words)
    };
    wrong.into_iter().map(named).collect()
}

/// The field of the forms that a field of documents stands in; empty: none.
pub(super) fn place(field: Option<&str>) -> &'static str {
    match field.unwrap_or_default() {
        "id" => "id",
        "name" => "nama",
        "kind" => "jenis",
        "agency" => "instansi",
        "regency" => "kabupaten",
        "contact" => "kontak",
        "wifi" => "wifi",
        "place" => "desa",
        "hours.zone" => "zona-waktu",
        field if field.starts_with("hours.") => "jam",
        "one-tap-plan" => "paket-ketuk",
        "terms" => "cara",
        "uplink.up" => "naik",
        "uplink.down" => "turun",
        "filter.forward" => "zona",
        "label" => "nama",
        "mac" => "mac",
        "text" => "teks-id",
        "until" => "tanggal",
        _ => "isi",
    }
}

/// What a use-case found, each beside its field.
pub(super) fn found(w: gapura_speech::Words, all: &[gapura_controller::Why]) -> Vec<(String, String)> {
    let one = |why: &gapura_controller::Why| match place(why.field()) {
        "isi" => ("isi".to_owned(), why.say(w.lang())),
        field => (field.to_owned(), why.say_beside(w.lang())),
    };
    all.iter().map(one).collect()
}
