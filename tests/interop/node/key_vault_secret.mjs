// What a reader of the how-to page ends up with: the default account of the broker, silently if
// that works, and one secret.
import { InteractiveBrowserCredential, useIdentityPlugin } from "@azure/identity";
import { nativeBrokerPlugin } from "@azure/identity-broker";
import { SecretClient } from "@azure/keyvault-secrets";

useIdentityPlugin(nativeBrokerPlugin);

const credential = new InteractiveBrowserCredential({
  brokerOptions: {
    enabled: true,
    useDefaultBrokerAccount: true,
    parentWindowHandle: new Uint8Array(8), // no window: a program in a terminal
  },
});

const client = new SecretClient("https://demo.vault.azure.net", credential);
const secret = await client.getSecret("MySecret");
console.log(`${secret.name} = ${secret.value}`);

// As in the how-to page's sample: the native runtime keeps the process alive otherwise.
process.exit(0);
