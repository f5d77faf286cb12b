//! Errors as people read them.

use std::error::Error;

/// An error and what caused it, as one line: `could not bind 10.20.0.1:80: permission denied`. A cause whose words stand in
/// the line already is left out.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::with_causes;

    #[derive(Debug)]
    struct Failure(&'static str, Option<Box<Failure>>);

    impl std::fmt::Display for Failure {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Failure {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn each_cause_is_said_once() {
        let root = Failure("permission denied", None);
        assert_eq!(with_causes(&root), "permission denied");
        let middle = Failure("could not bind: permission denied", Some(Box::new(root)));
        let top = Failure("the portal is not up", Some(Box::new(middle)));
        assert_eq!(with_causes(&top), "the portal is not up: could not bind: permission denied");
    }
}
