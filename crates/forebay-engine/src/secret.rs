//! Secrets that a setting names instead of containing them: `env:NAME` or `file:PATH`.

use std::fs;

use forebay_sources::environment;

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPlace<'a> {
    /// In an environment variable.
    Variable(&'a str),
    /// In a file.
    File(&'a str),
}

impl<'a> SecretPlace<'a> {
    /// Parses `env:NAME` or `file:PATH`. `None`: the text is neither, and may be the secret itself.
    pub fn parse(text: &'a str) -> Option<Self> {
        let variable =
            text.strip_prefix("env:").filter(|name| !name.is_empty() && !name.contains(['=', '\0']));
        let file = text.strip_prefix("file:").filter(|path| !path.is_empty());
        variable.map(Self::Variable).or(file.map(Self::File))
    }

    /// The secret, without white space around it. Error: why there is none, as a clause.
    pub fn read(self) -> Result<String, String> {
        let (value, problem) = match self {
            Self::Variable(name) => {
                (environment::var(name).ok(), format!("the environment variable {name} is not set"))
            }
            Self::File(path) => (fs::read_to_string(path).ok(), format!("the file {path} can't be read")),
        };
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).ok_or(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_by_a_variable_or_a_file() {
        assert_eq!(SecretPlace::parse("env:KEY"), Some(SecretPlace::Variable("KEY")));
        assert_eq!(SecretPlace::parse("file:/run/key"), Some(SecretPlace::File("/run/key")));
        for text in ["", "KEY", "env:", "env:A=b", "env:A\0", "file:", "hunter2"] {
            assert_eq!(SecretPlace::parse(text), None, "{text}");
        }
    }

    #[test]
    fn white_space_around_a_secret_is_no_part_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        fs::write(path, " \n").unwrap();
        assert_eq!(SecretPlace::File(path).read(), Err(format!("the file {path} can't be read")));
        fs::write(path, "a secret\n").unwrap();
        assert_eq!(SecretPlace::File(path).read(), Ok("a secret".to_owned()));
        let unset = SecretPlace::Variable("FOREBAY_TEST_NO_SUCH_VARIABLE").read().unwrap_err();
        assert_eq!(unset, "the environment variable FOREBAY_TEST_NO_SUCH_VARIABLE is not set");
    }
}
