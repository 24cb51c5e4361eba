//! The uses of each invitation, and the number of wrong codes. Neither names a person, so both
//! remain when a person is forgotten.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

use crate::invitation::{
    Invitation, InvitationUse, WRONG_CODES_ALL_MAX, WRONG_CODES_PERSON_MAX, WRONG_CODES_WINDOW_MS,
    WrongCodes,
};

use super::Database;

/// Bytes of a code's digest: no two codes have the same by chance.
const PRINT_BYTES: usize = 16;

/// Bytes of the digest of a person who sent a wrong code: one of 16 million values, so that dozens
/// of a service's users share each, and hardly any is counted for another.
const SENDER_PRINT_BYTES: usize = 3;

fn print_of_sender(owner: &str) -> String {
    let mut hash = Sha256::new_with_prefix("wrong code");
    hash.update(owner);
    hex::encode(&hash.finalize()[..SENDER_PRINT_BYTES])
}

fn print(invitation: &Invitation) -> String {
    let mut hash = Sha256::new_with_prefix("invitation");
    hash.update(&invitation.code);
    hex::encode(&hash.finalize()[..PRINT_BYTES])
}

/// These invitations, with the number of people that each has admitted.
///
/// # Errors
/// When the database fails.
pub async fn offers(
    database: &Database,
    invitations: &[Invitation],
) -> anyhow::Result<Vec<InvitationUse>> {
    database
        .whole(async {
            let rows = sqlx::query("SELECT code, let_in FROM invitations")
                .fetch_all(&mut *database.connection().await?)
                .await?;
            let mut known = BTreeMap::new();
            for row in &rows {
                known.insert(
                    row.try_get::<String, _>(0)?,
                    u32::try_from(row.try_get::<i64, _>(1)?)?,
                );
            }
            let offer = |invitation: &Invitation| InvitationUse {
                invitation: invitation.clone(),
                let_in: known.get(&print(invitation)).copied().unwrap_or_default(),
            };
            Ok(invitations.iter().map(offer).collect())
        })
        .await
}

/// Admits one more person, if the invitation is for one more. The database allows one write at a
/// time: of two requests for the last place, one finds it taken.
pub(super) async fn let_in(
    connection: &mut AnyConnection,
    invitation: &Invitation,
) -> anyhow::Result<bool> {
    let let_in = sqlx::query(
        "INSERT INTO invitations (code, let_in) VALUES ($1, 1)
         ON CONFLICT (code) DO UPDATE SET let_in = invitations.let_in + 1
         WHERE invitations.let_in < $2",
    )
    .bind(print(invitation))
    .bind(i64::from(invitation.people))
    .execute(connection)
    .await?;
    Ok(let_in.rows_affected() == 1)
}

/// Counts a wrong code of this owner, and erases the expired ones.
pub(super) async fn note_wrong_code(
    connection: &mut AnyConnection,
    owner: &str,
    at_ms: u64,
) -> anyhow::Result<()> {
    erase_wrong_codes(connection, at_ms).await?;
    sqlx::query("INSERT INTO wrong_codes (print, at_ms) VALUES ($1, $2)")
        .bind(print_of_sender(owner))
        .bind(i64::try_from(at_ms)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Erases the wrong codes that count no longer.
pub(super) async fn erase_wrong_codes(
    connection: &mut AnyConnection,
    at_ms: u64,
) -> anyhow::Result<()> {
    sqlx::query("DELETE FROM wrong_codes WHERE at_ms <= $1")
        .bind(counting_from(at_ms)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// The wrong codes that count now, this owner's and all together.
///
/// # Errors
/// When the database fails.
pub async fn wrong_codes(
    database: &Database,
    owner: &str,
    now_ms: u64,
) -> anyhow::Result<WrongCodes> {
    let counted = database.whole(async {
        let connection = &mut *database.connection().await?;
        let print = print_of_sender(owner);
        Ok(WrongCodes {
            by_person: nth_newest(connection, Some(&print), 1, now_ms).await?.is_some(),
            person_limit_at_ms: nth_newest(
                connection,
                Some(&print),
                WRONG_CODES_PERSON_MAX,
                now_ms,
            )
            .await?,
            all_limit_at_ms: nth_newest(connection, None, WRONG_CODES_ALL_MAX, now_ms).await?,
        })
    });
    counted.await
}

/// The time of the `nth` newest wrong code that counts now, counted from 1.
async fn nth_newest(
    connection: &mut AnyConnection,
    print: Option<&str>,
    nth: usize,
    now_ms: u64,
) -> anyhow::Result<Option<u64>> {
    let newest = match print {
        Some(_) => {
            "SELECT at_ms FROM wrong_codes WHERE at_ms > $1 AND print = $3
             ORDER BY at_ms DESC LIMIT 1 OFFSET $2"
        }
        None => {
            "SELECT at_ms FROM wrong_codes WHERE at_ms > $1 ORDER BY at_ms DESC LIMIT 1 OFFSET $2"
        }
    };
    let mut newest = sqlx::query(newest)
        .bind(counting_from(now_ms)?)
        .bind(i64::try_from(nth.saturating_sub(1))?);
    if let Some(print) = print {
        newest = newest.bind(print.to_owned());
    }
    let row = newest.fetch_optional(connection).await?;
    row.map(|row| Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)).transpose()
}

fn counting_from(at_ms: u64) -> anyhow::Result<i64> {
    Ok(i64::try_from(at_ms.saturating_sub(WRONG_CODES_WINDOW_MS))?)
}
