/// Gives the pages that the user's browser shows when a sign-in has ended.
///
/// Reach for this where the program's own name and look should be on them. They are of the sign-in in the
/// system browser; a broker shows its own.
///
/// ```
/// use azure_identity_broker::{BrowserCustomization, InteractiveBrowserCredentialOptions};
///
/// let options = InteractiveBrowserCredentialOptions {
///     browser_customization: BrowserCustomization {
///         success_page: Some("<h1>Welcome to Contoso</h1>".into()),
///         error_page: Some("<h1>That did not work</h1><p>{error}</p>".into()),
///     },
///     ..Default::default()
/// };
/// ```
///
/// The pages may load and run nothing, because their address has the sign-in's code in it: styles and
/// images (`data:`) must stand in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrowserCustomization {
    /// HTML of the page after a sign-in. By default one of this library.
    pub success_page: Option<String>,
    /// HTML of the page after a sign-in that failed, with the reason in the place of `{error}`. By default
    /// one of this library.
    pub error_page: Option<String>,
}
