//! How a role ends, for people and for scripts.

use std::process::ExitCode;

use textslash::cloud::FailureCause;

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
pub enum ExitReason {
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
    ResourcesRemain,
    /// By Ctrl-C.
    Interrupted,
}

impl ExitReason {
    /// The end that a failed deployment comes to.
    pub fn of_cause(cause: FailureCause) -> Self {
        match cause {
            FailureCause::TokenRefused => Self::CredentialRefused,
            FailureCause::PaymentNeeded | FailureCause::AccountHeld => Self::AccountBlocked,
            FailureCause::NoCapacity
            | FailureCause::InDoubt
            | FailureCause::RetryLater { .. }
            | FailureCause::NameTaken
            | FailureCause::NotFound
            | FailureCause::LockedByOther
            | FailureCause::ClockSkew
            | FailureCause::InvalidRequest => Self::Failed,
        }
    }
}

/// The exit code of an end; an error is printed with everything that led to it.
#[expect(clippy::print_stderr, reason = "the last word of a role goes to the terminal")]
pub fn of(end: anyhow::Result<ExitReason>) -> ExitCode {
    let code = match end {
        Ok(ExitReason::Done) => 0,
        Ok(ExitReason::Failed) => 1,
        Ok(ExitReason::WrongUsage) => 2,
        Ok(ExitReason::CredentialRefused) => 3,
        Ok(ExitReason::AccountBlocked) => 4,
        Ok(ExitReason::ResourcesRemain) => 5,
        Ok(ExitReason::Interrupted) => 130,
        Err(error) => {
            eprintln!("textslash: {error:#}");
            1
        }
    };
    ExitCode::from(code)
}
