use super::{Request, check_size};
use crate::{configuration::Configuration, denial::Denial};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use azbroker_entra::{Claims, CorrelationId};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// Reads requests, and knows again those that it read a moment ago: a program asks again and again in the same words, and
/// to read them is a sixth of what a silent answer costs.
///
/// Of the words it keeps a digest alone.
#[derive(Debug, Default)]
pub(crate) struct RecentRequests {
    /// The one that came last stands first.
    known: Mutex<VecDeque<Known>>,
}

#[derive(Debug)]
struct Known {
    digest: Digest,
    request: Request,
}

impl RecentRequests {
    /// As many as programs ask for at a time, mostly.
    const MOST: usize = 8;

    /// The same as [`Request::read`] of a request under the configuration, which never changes.
    ///
    /// # Errors
    ///
    /// A denial that says what is wrong with it.
    pub(crate) fn read(
        &self,
        json: &str,
        correlation_id: CorrelationId,
        configuration: &Configuration,
    ) -> Result<Request, Denial> {
        check_size(json)?;
        let digest = digest(&SHA256, json.as_bytes());
        if let Some(known) = self.find(&digest) {
            return Ok(Request {
                correlation_id,
                ..known
            });
        }
        let request = Request::read(json, correlation_id, configuration)?;
        // What is for one time is not asked again, and a token is kept nowhere.
        let challenged = request.claims.as_ref().is_some_and(Claims::is_challenge);
        if request.renew.is_none() && request.proof.is_none() && !challenged {
            let request = request.clone();
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.truncate(Self::MOST - 1);
            known.push_front(Known { digest, request });
        }
        Ok(request)
    }

    fn find(&self, digest: &Digest) -> Option<Request> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = known.iter();
        let found = known.find(|known| known.digest.as_ref() == digest.as_ref())?;
        Some(found.request.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(scope: &str, more: &str) -> String {
        format!(
            r#"{{"authParameters":{{"clientId":"04b07795-8ddb-461a-bbee-02f9e1bf7b46","authority":"https://login.microsoftonline.com/organizations","requestedScopes":["{scope}"]{more}}}}}"#
        )
    }

    fn known(recent: &RecentRequests) -> usize {
        recent.known.lock().unwrap().len()
    }

    #[test]
    fn the_same_words_mean_the_same_under_an_id_of_their_own() {
        let recent = RecentRequests::default();
        let configuration = Configuration::default();
        for _ in 0..3 {
            for scope in [
                "https://vault.azure.net/.default",
                "https://graph.microsoft.com/.default",
            ] {
                let id = CorrelationId::new_v4();
                let request = recent.read(&json(scope, ""), id, &configuration).unwrap();
                assert_eq!(request.correlation_id, id);
                assert_eq!(request.scopes.to_string(), scope);
            }
        }
        assert_eq!(known(&recent), 2);
        for number in 0..100 {
            let scope = format!("https://service{number}.example/.default");
            let id = CorrelationId::new_v4();
            recent.read(&json(&scope, ""), id, &configuration).unwrap();
        }
        assert_eq!(known(&recent), RecentRequests::MOST);
    }

    #[test]
    fn neither_mistakes_nor_secrets_nor_challenges_are_kept() {
        let recent = RecentRequests::default();
        let configuration = Configuration::default();
        let read = |json: &str| recent.read(json, CorrelationId::new_v4(), &configuration);
        for _ in 0..2 {
            assert!(read("{").is_err());
            let renew = r#","accessTokenToRenew":"s3cret""#;
            read(&json("https://vault.azure.net/.default", renew)).unwrap();
            let claims = r#","decodedClaims":"{\"access_token\":{\"nbf\":{\"essential\":true,\"value\":\"1\"}}}""#;
            read(&json("https://vault.azure.net/.default", claims)).unwrap();
        }
        assert_eq!(known(&recent), 0);
    }
}
