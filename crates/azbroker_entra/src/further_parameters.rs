use azure_core::http::Url;

/// What a program may say of the sign-in page beside what each request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FurtherParameters {
    /// How many seconds ago the user may have entered credentials
    /// ([OpenID Connect Core 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
    pub max_age: Option<u32>,
    /// Which part of Entra ID is to answer; Microsoft names one while a fault is looked for.
    pub slice: Option<String>,
}

impl FurtherParameters {
    pub(crate) fn add_to(&self, url: &mut Url) {
        let mut query = url.query_pairs_mut();
        if let Some(max_age) = self.max_age {
            query.append_pair("max_age", &max_age.to_string());
        }
        if let Some(slice) = &self.slice {
            query.append_pair("slice", slice);
        }
    }
}
