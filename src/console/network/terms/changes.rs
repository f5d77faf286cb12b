//! What became of a text, paragraph by paragraph. Pure.

/// A paragraph beside an earlier text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::network) enum Part {
    /// It stood there before.
    Same(String),
    /// It is new.
    New(String),
    /// It is gone.
    Gone(String),
}

/// Texts of more paragraphs are not compared: each would be with each.
const MOST: usize = 400;

pub(in crate::network) fn paragraphs(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The paragraphs of `new` with what became of those of `old`; the longest common ones stay.
pub(in crate::network) fn changes(old: &str, new: &str) -> Vec<Part> {
    let (old, new) = (paragraphs(old), paragraphs(new));
    if old.len() > MOST || new.len() > MOST {
        return new.into_iter().map(|line| Part::Same(line.to_owned())).collect();
    }
    // common[i][j]: how many paragraphs the rests from i and j have in common.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    let at = |common: &[Vec<usize>], i: usize, j: usize| common.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let best = if one == other {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(place) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *place = best;
            }
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => {
                found.push(Part::Same((*one).to_owned()));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other) if other.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                found.push(Part::Gone((*one).to_owned()));
                i += 1;
            }
            (_, Some(other)) => {
                found.push(Part::New((*other).to_owned()));
                j += 1;
            }
            (_, None) => return found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stayed_what_is_new_and_what_is_gone() {
        let (same, new, gone) =
            (|t: &str| Part::Same(t.into()), |t: &str| Part::New(t.into()), |t: &str| Part::Gone(t.into()));
        assert_eq!(
            changes("satu\n\ndua\ntiga", "satu\ndua setengah\ntiga\nempat"),
            [same("satu"), gone("dua"), new("dua setengah"), same("tiga"), new("empat")]
        );
        assert_eq!(changes("", "a"), [new("a")]);
        assert_eq!(changes("a\nb", ""), [gone("a"), gone("b")]);
        assert_eq!(changes("a\nb", "b\na"), [gone("a"), same("b"), new("a")]);
        let long = "x\n".repeat(MOST + 1);
        assert_eq!(changes(&long, "y"), [same("y")]);
    }
}
