//! Confirmation before data is deleted.

use std::io::{self, IsTerminal, Write};

use super::{Tone, Ui, clean::clean};
use crate::failure::Failure;

impl Ui {
    /// Shows what would be lost and waits for the word `yes`. Any other answer is the error `not_confirmed`. Without a
    /// terminal it is `confirmation_needed`, with exit code 2.
    pub(crate) fn confirm(&self, loss: &str) -> Result<(), Failure> {
        if !io::stdin().is_terminal() {
            return Err(
                Failure::usage("confirmation_needed", loss).hint("pass --yes to skip the confirmation")
            );
        }
        self.ask(loss)
    }

    /// [`Self::confirm`] on a terminal. Elsewhere, it only says what is about to happen: programs decided already.
    pub(crate) fn confirm_on_terminal(&self, what: &str) -> Result<(), Failure> {
        if io::stdin().is_terminal() {
            return self.ask(what);
        }
        self.note(what);
        Ok(())
    }

    fn ask(&self, loss: &str) -> Result<(), Failure> {
        let stdin = io::stdin();
        let question =
            format!("{} {loss}\nType yes to continue: ", self.stderr.paint(Tone::Warning, "warning:"));
        let mut stderr = io::stderr().lock();
        let mut answer = String::new();
        let asked = stderr.write_all(clean(&question).as_bytes()).and_then(|()| stderr.flush());
        asked
            .and_then(|()| stdin.read_line(&mut answer))
            .map_err(|error| Failure::new("not_confirmed", "could not read the answer").because(&error))?;
        if answer.trim() == "yes" {
            return Ok(());
        }
        Err(Failure::new("not_confirmed", "not confirmed; nothing was changed"))
    }
}
