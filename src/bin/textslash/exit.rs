//! How a role ends, for people and for scripts.

use std::process::ExitCode;

use textslash::cloud::Cause;

/// What `--help` says about exit codes.
pub const HELP: &str = "\
Exit codes:
  0    done
  1    failed; the reason stands on standard error
  2    wrong usage
  3    a credential was refused: give another one
  4    the cloud account needs a payment method or is held
  5    something remains in the cloud account; the list says what
  130  interrupted; what remains is said";

/// How a role ended. An error is one that nothing below is named for.
pub enum End {
    /// As it should.
    Done,
    /// For a reason that has been told.
    Failed,
    /// What was passed does not fit together, which has been told.
    WrongUsage,
    /// A credential was refused.
    CredentialRefused,
    /// The account cannot create machines.
    AccountBlocked,
    /// Something remains.
    Remains,
    /// By Ctrl-C.
    Interrupted,
}

impl End {
    /// The end that a failed deployment comes to.
    pub fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::TokenRefused => Self::CredentialRefused,
            Cause::PaymentNeeded | Cause::AccountHeld => Self::AccountBlocked,
            Cause::NoRoom
            | Cause::InDoubt
            | Cause::Later { .. }
            | Cause::Taken
            | Cause::Missing
            | Cause::Elsewhere
            | Cause::ClockOff
            | Cause::OurFault => Self::Failed,
        }
    }
}

/// The exit code of an end; an error is printed with everything that led to it.
#[expect(clippy::print_stderr, reason = "the last word of a role goes to the terminal")]
pub fn of(end: anyhow::Result<End>) -> ExitCode {
    let code = match end {
        Ok(End::Done) => 0,
        Ok(End::Failed) => 1,
        Ok(End::WrongUsage) => 2,
        Ok(End::CredentialRefused) => 3,
        Ok(End::AccountBlocked) => 4,
        Ok(End::Remains) => 5,
        Ok(End::Interrupted) => 130,
        Err(error) => {
            eprintln!("textslash: {error:#}");
            1
        }
    };
    ExitCode::from(code)
}
