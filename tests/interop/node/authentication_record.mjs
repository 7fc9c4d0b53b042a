// Writes the record of a sign-in, and reads the one in RUST_RECORD, which a Rust program wrote.
import {
  deserializeAuthenticationRecord,
  InteractiveBrowserCredential,
  serializeAuthenticationRecord,
} from "@azure/identity";

const tenantId = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
const credential = new InteractiveBrowserCredential({ tenantId });
const written = await credential.authenticate(["https://vault.azure.net/.default"]);
console.log(`wrote: ${serializeAuthenticationRecord(written)}`);

const read = deserializeAuthenticationRecord(process.env.RUST_RECORD);
const fields = ["homeAccountId", "tenantId", "username", "clientId", "version"];
console.log(`the same: ${fields.every((field) => read[field] === written[field])}`);
const other = new InteractiveBrowserCredential({ tenantId, authenticationRecord: read });
const token = await other.getToken("https://vault.azure.net/.default");
console.log(`a token: ${token.token.length > 0}`);
process.exit(0);
