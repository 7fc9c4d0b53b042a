use super::{Broker, Issued};
use crate::{accounts::Subject, denial::Denial, keyed_locks::Waited, request::Request};
use azbroker_entra::{PromptBehavior, SignIn, TokenRequest};

impl Broker {
    /// Has the user sign in.
    ///
    /// Programs that ask while a sign-in for the same application is under way wait for it, and share the
    /// account it brings.
    pub(crate) async fn acquire_token_interactively(
        &self,
        request: &Request,
    ) -> Result<Issued, Denial> {
        let login_hint = match &request.subject {
            Subject::Account { username, .. } | Subject::Username(username)
                if !username.is_empty() =>
            {
                Some(username.clone())
            }
            _ => None,
        };
        let key = (
            request.client_id.clone(),
            login_hint.clone().unwrap_or_default(),
        );
        let (_one_at_a_time, waited) = self.sign_ins.lock(key).await;
        if waited == Waited::Yes
            && let Ok(issued) = self.acquire_token_silently(request).await
        {
            tracing::debug!("another program's sign-in answers this request");
            return Ok(issued);
        }
        let sign_in = SignIn {
            request: TokenRequest {
                authority: request.authority.clone(),
                client_id: request.client_id.clone(),
                scopes: request.scopes.clone(),
                claims: request.claims.clone(),
                correlation_id: request.correlation_id,
            },
            prompt_behavior: match login_hint {
                Some(_) => PromptBehavior::Unspecified,
                None => PromptBehavior::SelectAccount,
            },
            login_hint,
        };
        let tokens = sign_in
            .run(
                &self.client,
                self.prompt.as_ref(),
                self.configuration.sign_in_deadline,
            )
            .await
            .map_err(|error| Denial::of_interactive(&error))?;
        Ok(self.keep(request, &tokens).await)
    }
}
