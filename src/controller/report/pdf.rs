//! A report as PDF: A4, the standard fonts, plain streams that any reader can search.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::letters::{Font, lines, octets, width};
use super::sheet::{Chart, Sheet, Table};
use gapura_speech::{Lang, Say};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 48.0;
const RIGHT: f32 = 547.0;
const TOP: f32 = 794.0;
const FOOT: f32 = 62.0;
const INK: (f32, f32, f32) = (0.11, 0.14, 0.15);
const GREY: (f32, f32, f32) = (0.36, 0.40, 0.41);
const BRAND: (f32, f32, f32) = (0.04, 0.36, 0.37);
const ACCENT: (f32, f32, f32) = (0.95, 0.65, 0.09);

/// The octets of a PDF of this report, made for `owner`.
pub fn pdf(sheet: &Sheet, owner: &str, say: &Say) -> Vec<u8> {
    let mut paper = Paper { pages: vec![Content::new()], y: TOP };
    head(&mut paper, sheet, owner);
    facts(&mut paper, sheet);
    if let Some(chart) = &sheet.chart {
        bars(&mut paper, chart);
    }
    for one in &sheet.tables {
        table(&mut paper, one);
    }
    meaning(&mut paper, sheet);
    signatures(&mut paper, sheet);
    bind(paper, sheet, owner, say)
}

/// Pages, and how far down the last one is filled.
struct Paper {
    pages: Vec<Content>,
    y: f32,
}

impl Paper {
    /// Makes sure that so much fits below; begins a page where it does not.
    fn room(&mut self, height: f32) -> bool {
        if self.y - height >= FOOT {
            return false;
        }
        self.pages.push(Content::new());
        self.y = TOP;
        true
    }

    fn draw(&mut self, with: impl FnOnce(&mut Content)) {
        if let Some(page) = self.pages.last_mut() {
            with(page);
        }
    }

    fn text(&mut self, (x, y): (f32, f32), (font, size): (Font, f32), ink: (f32, f32, f32), text: &str) {
        self.draw(|page| write(page, (x, y), (font, size), ink, text));
    }

    /// A paragraph; its lines go on on the next page where they must.
    fn paragraph(&mut self, (font, size): (Font, f32), ink: (f32, f32, f32), text: &str) {
        for line in lines(text, (font, size), RIGHT - LEFT) {
            self.room(size * 1.4);
            self.y -= size * 1.4;
            self.text((LEFT, self.y), (font, size), ink, &line);
        }
    }

    fn rule(&mut self, y: f32, wide: f32) {
        self.draw(|page| {
            page.set_stroke_rgb(GREY.0, GREY.1, GREY.2).set_line_width(wide);
            page.move_to(LEFT, y).line_to(RIGHT, y).stroke();
        });
    }
}

fn write(page: &mut Content, (x, y): (f32, f32), (font, size): (Font, f32), ink: (f32, f32, f32), text: &str) {
    let name = match font {
        Font::Plain => Name(b"F1"),
        Font::Bold => Name(b"F2"),
    };
    page.set_fill_rgb(ink.0, ink.1, ink.2).begin_text().set_font(name, size);
    page.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]).show(Str(&octets(text))).end_text();
}

fn head(paper: &mut Paper, sheet: &Sheet, owner: &str) {
    paper.paragraph((Font::Bold, 15.0), BRAND, &sheet.title);
    paper.paragraph((Font::Bold, 11.0), INK, &sheet.of);
    paper.paragraph((Font::Plain, 10.0), INK, owner);
    let small = sheet.notes.join(" ");
    paper.paragraph((Font::Plain, 8.5), GREY, &small);
    if let Some(running) = &sheet.running {
        paper.paragraph((Font::Bold, 9.0), INK, running);
    }
    for change in &sheet.changes {
        paper.paragraph((Font::Plain, 8.5), INK, change);
    }
    paper.y -= 8.0;
    paper.rule(paper.y, 1.2);
    paper.y -= 6.0;
}

fn facts(paper: &mut Paper, sheet: &Sheet) {
    let wide = (RIGHT - LEFT) / sheet.facts.len().max(1) as f32;
    paper.room(46.0);
    let mut x = LEFT;
    for fact in &sheet.facts {
        paper.text((x, paper.y - 10.0), (Font::Plain, 8.0), GREY, &fact.label);
        let mut size = 12.0;
        while size > 7.0 && width(&fact.value, Font::Bold, size) > wide - 6.0 {
            size -= 0.5;
        }
        paper.text((x, paper.y - 25.0), (Font::Bold, size), INK, &fact.value);
        let mut y = paper.y - 36.0;
        if !fact.small.is_empty() {
            for line in lines(&fact.small, (Font::Plain, 7.5), wide - 6.0).iter().take(2) {
                paper.text((x, y), (Font::Plain, 7.5), GREY, line);
                y -= 9.0;
            }
        }
        x += wide;
    }
    paper.y -= 50.0;
    paper.rule(paper.y, 0.5);
}

fn bars(paper: &mut Paper, chart: &Chart) {
    const HEIGHT: f32 = 90.0;
    paper.room(HEIGHT + 60.0);
    paper.y -= 20.0;
    paper.text((LEFT, paper.y), (Font::Bold, 10.0), INK, &chart.caption);
    let foot = paper.y - HEIGHT - 12.0;
    let left = LEFT + 40.0;
    let step = (RIGHT - left) / chart.bars.len().max(1) as f32;
    for (at, words) in chart.lines.iter().enumerate() {
        let y = foot + HEIGHT * at as f32 / 2.0;
        paper.draw(|page| {
            page.set_stroke_rgb(0.8, 0.82, 0.8).set_line_width(0.5).move_to(left, y).line_to(RIGHT, y).stroke();
        });
        paper.text((left - 4.0 - width(words, Font::Plain, 7.0), y - 2.5), (Font::Plain, 7.0), GREY, words);
    }
    for (at, (day, figure, sunday)) in chart.bars.iter().enumerate() {
        let x = left + step * at as f32;
        let height = HEIGHT * *figure as f32 / chart.top.max(1) as f32;
        let ink = if *sunday { ACCENT } else { BRAND };
        paper.draw(|page| {
            page.set_fill_rgb(ink.0, ink.1, ink.2).rect(x + step * 0.15, foot, step * 0.7, height).fill_nonzero();
        });
        if *day == 1 || day % 5 == 0 {
            let words = day.to_string();
            let middle = x + step / 2.0 - width(&words, Font::Plain, 7.0) / 2.0;
            paper.text((middle, foot - 9.0), (Font::Plain, 7.0), GREY, &words);
        }
    }
    paper.y = foot - 14.0;
    paper.paragraph((Font::Plain, 8.0), GREY, &chart.says);
}

/// Sizes of a table's text, and what is left free beside it.
const CELL: f32 = 8.5;
const GAP: f32 = 6.0;

/// How wide the columns are: the figures' as their words need, the first what is left, and never less than a quarter.
fn columns(table: &Table) -> Vec<f32> {
    let whole = RIGHT - LEFT;
    let widest = |column: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(column));
        let cells = cells.map(|cell| width(cell, Font::Plain, CELL)).fold(0.0, f32::max);
        let head = table.head.get(column).map_or("", String::as_str);
        let words = head.split(' ').map(|word| width(word, Font::Bold, CELL)).fold(0.0, f32::max);
        cells.max(words) + GAP * 2.0
    };
    let mut wide: Vec<f32> = (1..table.head.len()).map(widest).collect();
    let most = whole * 0.75;
    let sum: f32 = wide.iter().sum();
    if sum > most {
        for one in &mut wide {
            *one *= most / sum;
        }
    }
    let first = whole - wide.iter().sum::<f32>();
    std::iter::once(first).chain(wide).collect()
}

fn table(paper: &mut Paper, table: &Table) {
    paper.room(58.0);
    paper.y -= 20.0;
    paper.text((LEFT, paper.y), (Font::Bold, 10.0), INK, &table.caption);
    paper.y -= 2.0;
    if table.rows.is_empty() {
        paper.paragraph((Font::Plain, CELL), INK, &table.empty);
        return;
    }
    let columns = columns(table);
    row(paper, &columns, (&table.head, Font::Bold));
    paper.rule(paper.y, 0.8);
    for cells in &table.rows {
        if paper.room(height(cells, &columns, Font::Plain)) {
            // Who reads the next page has the columns' names there.
            row(paper, &columns, (&table.head, Font::Bold));
            paper.rule(paper.y, 0.8);
        }
        row(paper, &columns, (cells, Font::Plain));
        paper.rule(paper.y, 0.25);
    }
}

fn broken(cells: &[String], columns: &[f32], font: Font) -> Vec<Vec<String>> {
    let pairs = cells.iter().zip(columns);
    pairs.map(|(cell, wide)| lines(cell, (font, CELL), wide - GAP)).collect()
}

fn height(cells: &[String], columns: &[f32], font: Font) -> f32 {
    let most = broken(cells, columns, font).iter().map(Vec::len).max().unwrap_or(1);
    most as f32 * CELL * 1.25 + 5.0
}

fn row(paper: &mut Paper, columns: &[f32], (cells, font): (&[String], Font)) {
    let broken = broken(cells, columns, font);
    let tall = height(cells, columns, font);
    let mut x = LEFT;
    for (column, (text, wide)) in broken.iter().zip(columns).enumerate() {
        let mut y = paper.y - CELL * 1.25 - 1.0;
        for line in text {
            // Figures end below each other.
            let at = if column == 0 { x } else { x + wide - width(line, font, CELL) };
            paper.text((at, y), (font, CELL), INK, line);
            y -= CELL * 1.25;
        }
        x += wide;
    }
    paper.y -= tall;
}

fn meaning(paper: &mut Paper, sheet: &Sheet) {
    paper.room(60.0);
    paper.y -= 22.0;
    paper.text((LEFT, paper.y), (Font::Bold, 11.0), INK, &sheet.meaning);
    paper.y -= 2.0;
    for (at, (term, text)) in (1..).zip(&sheet.definitions) {
        // Who signs has some of what is signed above: the last of it goes along to the last page.
        let last = at == sheet.definitions.len();
        paper.room(if last { 3.0 + tall(term, Font::Bold) + tall(text, Font::Plain) + SIGNED } else { 34.0 });
        paper.y -= 3.0;
        paper.paragraph((Font::Bold, CELL), INK, term);
        paper.paragraph((Font::Plain, CELL), INK, text);
    }
}

/// How tall a paragraph is in a table's size.
fn tall(text: &str, font: Font) -> f32 {
    lines(text, (font, CELL), RIGHT - LEFT).len() as f32 * CELL * 1.4
}

/// The room that signatures take.
const SIGNED: f32 = 110.0;

fn signatures(paper: &mut Paper, sheet: &Sheet) {
    paper.room(SIGNED);
    let y = paper.y - 30.0;
    for (words, x) in sheet.signed.iter().zip([LEFT, LEFT + 270.0]) {
        paper.text((x, y), (Font::Plain, 9.5), INK, words);
        paper.draw(|page| {
            page.set_stroke_rgb(INK.0, INK.1, INK.2).set_line_width(0.6);
            page.move_to(x, y - 60.0).line_to(x + 200.0, y - 60.0).stroke();
        });
    }
    paper.y = y - 62.0;
}

/// Puts the pages together, each with its number.
fn bind(paper: Paper, sheet: &Sheet, owner: &str, say: &Say) -> Vec<u8> {
    let mut next = Ref::new(1);
    let (catalog, tree, plain, bold, info) = (next.bump(), next.bump(), next.bump(), next.bump(), next.bump());
    let count = paper.pages.len();
    let numbered: Vec<(Ref, Ref, Content)> =
        paper.pages.into_iter().map(|page| (next.bump(), next.bump(), page)).collect();
    let mut pdf = Pdf::new();
    let tag = match say.words.lang() {
        Lang::Id => "id-ID",
        Lang::En => "en-GB",
    };
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(tag));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    pdf.document_info(info)
        .title(TextStr(&format!("{} – {}", sheet.title, sheet.of)))
        .author(TextStr(owner))
        .creator(TextStr("Gapura"));
    let pages = numbered.iter().map(|(page, ..)| *page);
    pdf.pages(tree).kids(pages).count(i32::try_from(count).unwrap_or(i32::MAX));
    for (id, name) in [(plain, Name(b"Helvetica")), (bold, Name(b"Helvetica-Bold"))] {
        pdf.type1_font(id).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (number, (page, stream, mut content)) in numbered.into_iter().enumerate() {
        let words = say.words.t2("report-page", "page", (number + 1).to_string(), "pages", count.to_string());
        let right = RIGHT - width(&words, Font::Plain, 8.0);
        write(&mut content, (right, 36.0), (Font::Plain, 8.0), GREY, &words);
        let foot = format!("{}, {}", sheet.title, sheet.of);
        let foot = lines(&foot, (Font::Plain, 8.0), RIGHT - LEFT - 90.0);
        write(&mut content, (LEFT, 36.0), (Font::Plain, 8.0), GREY, foot.first().map_or("", String::as_str));
        let mut leaf = pdf.page(page);
        leaf.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(stream);
        leaf.resources().fonts().pair(Name(b"F1"), plain).pair(Name(b"F2"), bold);
        leaf.finish();
        pdf.stream(stream, &content.finish());
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Fact;
    use super::*;

    fn many(caption: &str, columns: usize, rows: usize, wide: bool) -> Table {
        let row = |at: usize| {
            let name = format!("Telecenter Desa Nomor {at} di Kecamatan Pulau Sembilan");
            std::iter::once(name).chain((1..columns).map(|column| format!("{}.{at:03}", column * 7))).collect()
        };
        let head = ["Lokasi", "Jam buka ditepati", "Tersedia", "Orang", "Kunjungan", "Volume", "Permintaan terjawab"];
        Table {
            caption: caption.to_owned(),
            head: head.iter().take(columns).map(|&name| name.to_owned()).collect(),
            rows: (0..rows).map(row).collect(),
            wide,
            empty: "Tidak ada.".to_owned(),
        }
    }

    fn sheet() -> Sheet {
        let fact = |label: &str, value: &str, small: &str| Fact {
            label: label.to_owned(),
            value: value.to_owned(),
            small: small.to_owned(),
        };
        let text = "Perangkat berbeda menurut nama samaran dalam bulan itu. ".repeat(5);
        Sheet {
            title: "Laporan Layanan Internet Publik, Oktober 2026".to_owned(),
            of: "Kabupaten/kota Sinjai".to_owned(),
            notes: vec!["Disusun otomatis 1 November 2026 pukul 02.00 WITA.".to_owned(), "Terbitan 1.".to_owned()],
            running: None,
            changes: vec!["Terbitan 2: data terlambat dari MPLIK Sinjai Barat.".to_owned()],
            facts: vec![
                fact("Orang terlayani", "18.422", "2 lokasi tidak diketahui"),
                fact("Kunjungan", "83.327", ""),
                fact("Volume", "21,4 TB", ""),
                fact("Jam buka ditepati", "98,6 %", ""),
                fact("Permintaan terjawab", "412 dari 431", "95,6 %"),
            ],
            chart: Some(Chart {
                caption: "Kunjungan per hari".to_owned(),
                says: "Terbanyak 2.990 pada 8 Oktober 2026.".to_owned(),
                bars: (1..=31).map(|day: u8| (day, 3_000 - u64::from(day) * 40, day % 7 == 4)).collect(),
                top: 4_000,
                lines: ["0", "2.000", "4.000"].map(str::to_owned),
            }),
            tables: vec![many("Per lokasi", 7, 70, true), many("Kosong", 2, 0, false), many("Per hari", 2, 31, false)],
            meaning: "Arti angka".to_owned(),
            definitions: (0..11).map(|at| (format!("Istilah {at}"), text.clone())).collect(),
            signed: ["Disusun oleh", "Diketahui oleh"].map(str::to_owned),
        }
    }

    #[test]
    fn signatures_never_stand_alone_on_a_page() {
        let sheet = sheet();
        for count in 1..=30 {
            let definitions: Vec<_> = sheet.definitions.iter().cycle().take(count).cloned().collect();
            let last = &definitions.last().unwrap().0;
            let said = format!("({last}) Tj");
            let sheet = Sheet { definitions: definitions.clone(), tables: Vec::new(), ..sheet.clone() };
            let mut paper = Paper { pages: vec![Content::new()], y: TOP };
            meaning(&mut paper, &sheet);
            signatures(&mut paper, &sheet);
            let page = paper.pages.pop().unwrap().finish();
            let page = String::from_utf8_lossy(&page).into_owned();
            assert!(page.contains("(Diketahui oleh) Tj") && page.contains(&said), "{count}: {page}");
        }
    }

    #[test]
    fn a_long_report_goes_on_page_by_page_under_its_heads() {
        let say = crate::words::say(Lang::Id, jiff::tz::TimeZone::UTC, jiff::Timestamp::UNIX_EPOCH);
        let paper = pdf(&sheet(), "Dinas Komunikasi, Informatika, dan Persandian", &say);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/console-pages");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("laporan.pdf"), &paper).unwrap();
        let text: String = paper.iter().map(|octet| char::from(*octet)).collect();
        let pages = text.matches("/Type /Page\n").count();
        assert!(pages > 3, "{pages}");
        for page in 1..=pages {
            assert!(text.contains(&format!("(Halaman {page} dari {pages})")), "{page} of {pages}");
        }
        assert!(text.contains("/Lang (id-ID)") && text.contains("/DisplayDocTitle true"));
        assert!(text.matches("(Permintaan)").count() >= 2, "the head stands above each part of the table");
        assert!(text.contains("(Tidak ada.)") && text.contains("(18.422)") && text.contains("(Diketahui oleh)"));
        // All of it stands on the paper: nothing is set below the page's own number.
        let heights =
            text.split(" Tm").filter_map(|part| part.rsplit(' ').next()).filter_map(|y| y.parse::<f32>().ok());
        assert!(heights.into_iter().all(|y| (36.0..=TOP).contains(&y)));
    }
}
