//! What keeps a change of staff from being made.

use crate::rights::Grant;

/// Why something about a person was not done; pages say it in their own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaffProblem {
    /// No user name.
    #[error("name: write 3 to 32 small letters, digits, dots, - or _, beginning with a letter")]
    Name,
    /// Somebody has it, or had it.
    #[error("name: it belongs to somebody already, and names are never given away twice")]
    NameTaken,
    /// No title, or a very long one.
    #[error("title: write what others see, in 2 to 80 characters, for example \"Petugas loket\"")]
    Title,
    /// A language there are no pages in.
    #[error("language: write id or en")]
    Language,
    /// Fewer than 12 characters.
    #[error("password: write 12 characters or more; three or four words that belong to no saying are good")]
    PasswordShort,
    /// More than 256 characters.
    #[error("password: write at most 256 characters")]
    PasswordLong,
    /// Digits alone: a date or a telephone number.
    #[error("password: not digits alone, they are guessed as dates and telephone numbers")]
    PasswordDigits,
    /// On the list of what others use.
    #[error("password: it is on lists of passwords that became known, or made of words from them")]
    PasswordKnown,
    /// The user name is in it.
    #[error("password: it contains the user name")]
    PasswordHasName,
    /// The one that was to be replaced.
    #[error("password: choose another one than before")]
    PasswordSame,
    /// The two did not agree.
    #[error("password: the two are not the same")]
    PasswordsDiffer,
    /// A scope speaks of a site that is not there.
    #[error("scope: there is no site \"{0}\"")]
    NoSite(String),
    /// No role at all.
    #[error("role: give at least one")]
    NoGrant,
    /// Two duties that one person must not hold together.
    #[error(
        "one person must not be both {} in {} and {} in {}: give one of them to somebody else",
        .one.role, .one.scope, .other.role, .other.scope
    )]
    Clash {
        /// One.
        one: Box<Grant>,
        /// The other.
        other: Box<Grant>,
    },
    /// Nobody would be left who may add people.
    #[error(
        "nobody would be left who may add people everywhere: give the role network-admin in province to somebody else first"
    )]
    LastAdministrator,
    /// One's own rights.
    #[error("nobody changes their own roles or closes their own account: ask another administrator")]
    Oneself,
    /// It is closed.
    #[error("the account is closed")]
    Closed,
    /// A code that does not fit.
    #[error("code: it does not fit; wait for the next one, and check that the telephone's clock is right")]
    Code,
    /// There is none set up, or none being set up.
    #[error("there is no second factor")]
    NoSecondFactor,
    /// The roles need it.
    #[error("a second factor is needed for the roles that are held")]
    NeedsSecondFactor,
    /// Somebody else is this at the identity provider.
    #[error("subject: somebody else is this at the identity provider")]
    SubjectTaken,
}

impl StaffProblem {
    /// These two exclude each other.
    pub(crate) fn clash(one: Grant, other: Grant) -> Self {
        Self::Clash { one: Box::new(one), other: Box::new(other) }
    }
}
