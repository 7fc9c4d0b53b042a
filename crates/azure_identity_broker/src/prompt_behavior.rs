/// Says what the sign-in page must do.
///
/// Reach for this where the user must show anew who they are, or that they agree.
///
/// ```
/// use azure_identity_broker::{InteractiveBrowserCredentialOptions, PromptBehavior};
///
/// let options = InteractiveBrowserCredentialOptions {
///     prompt: PromptBehavior::Login,
///     ..Default::default()
/// };
/// ```
///
/// It is of sign-ins alone: what can be answered silently still is, unless
/// [`authenticate`](crate::InteractiveBrowserCredential::authenticate) asks for one. Brokers are told nothing
/// of it but whether the account is still to be chosen.
///
/// See [OpenID Connect Core section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PromptBehavior {
    /// The user chooses an account, unless one is asked for.
    #[default]
    Automatic,
    /// The user chooses an account in any case.
    SelectAccount,
    /// The user enters password or second factor again, whoever is signed in to the browser.
    Login,
    /// The user consents again to what the application may do.
    Consent,
}

impl PromptBehavior {
    /// Whether the user chooses whose sign-in it becomes.
    pub(crate) fn has_account_chosen(self) -> bool {
        matches!(self, Self::SelectAccount | Self::Login)
    }
}
