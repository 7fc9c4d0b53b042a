"""Writes the record of a sign-in, and reads the one in RUST_RECORD, which a Rust program wrote."""

import os

from azure.identity import AuthenticationRecord, InteractiveBrowserCredential

SCOPE = "https://vault.azure.net/.default"
TENANT = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10"

credential = InteractiveBrowserCredential(tenant_id=TENANT)
written = credential.authenticate(scopes=[SCOPE])
print("wrote:", written.serialize())

read = AuthenticationRecord.deserialize(os.environ["RUST_RECORD"])
print("the same:", vars(read) == vars(written))

other = InteractiveBrowserCredential(tenant_id=TENANT, authentication_record=read)
print("a token:", len(other.get_token(SCOPE).token) > 0)
