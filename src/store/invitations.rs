//! How many people each invitation has let in: not whom, so that it counts on when one of them is forgotten.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

use crate::invitation::{Invitation, Offer};

use super::Database;

/// Bytes of a code's print: no two codes have the same by chance.
const PRINT_BYTES: usize = 16;

fn print(invitation: &Invitation) -> String {
    let mut hash = Sha256::new_with_prefix("invitation");
    hash.update(&invitation.code);
    hex::encode(&hash.finalize()[..PRINT_BYTES])
}

/// These invitations, with how many people each has let in.
///
/// # Errors
/// When the database fails.
pub async fn offers(database: &Database, invitations: &[Invitation]) -> anyhow::Result<Vec<Offer>> {
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
            let offer = |invitation: &Invitation| Offer {
                invitation: invitation.clone(),
                let_in: known.get(&print(invitation)).copied().unwrap_or_default(),
            };
            Ok(invitations.iter().map(offer).collect())
        })
        .await
}

/// Lets one more in, if the invitation is for one more. The database lets one write at a time: of two who come for
/// the last place at the same moment, one finds it taken.
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
