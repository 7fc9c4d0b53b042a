// Two calls for the same scope, then one for another, with one credential.
import { InteractiveBrowserCredential, useIdentityPlugin } from "@azure/identity";
import { nativeBrokerPlugin } from "@azure/identity-broker";

useIdentityPlugin(nativeBrokerPlugin);

const credential = new InteractiveBrowserCredential({
  brokerOptions: {
    enabled: true,
    useDefaultBrokerAccount: true,
    parentWindowHandle: new Uint8Array(8),
  },
});

const first = await credential.getToken("https://vault.azure.net/.default");
const second = await credential.getToken("https://vault.azure.net/.default");
const other = await credential.getToken("https://management.azure.com/.default");

console.log(`audiences: ${[first, second, other].map((token) => claims(token).aud).join(", ")}`);
console.log(`user: ${claims(first).upn ?? claims(first).preferred_username ?? claims(first).oid}`);
console.log(`the same scope gives the same token: ${first.token === second.token}`);
console.log(`another scope gives another token: ${first.token !== other.token}`);
console.log(`valid for more than 5 minutes: ${first.expiresOnTimestamp > Date.now() + 300_000}`);
console.log(`valid for less than 2 hours: ${first.expiresOnTimestamp < Date.now() + 7_200_000}`);

// The native runtime keeps the process alive otherwise.
process.exit(0);

function claims(token) {
  return JSON.parse(Buffer.from(token.token.split(".")[1], "base64url").toString());
}
