// The same program with what people change in it:
//   options.mjs [--client-id ID] [--login-hint USER] [--tenant ID] [--no-default-account]
//               [--no-broker] [--vault URL] [--secret NAME]
// A refusal is printed as one line on standard output, and ends it with exit code 1.
import { parseArgs } from "node:util";
import { InteractiveBrowserCredential, useIdentityPlugin } from "@azure/identity";
import { nativeBrokerPlugin } from "@azure/identity-broker";
import { SecretClient } from "@azure/keyvault-secrets";

const { values: options } = parseArgs({
  options: {
    "client-id": { type: "string" },
    "login-hint": { type: "string" },
    tenant: { type: "string" },
    "no-default-account": { type: "boolean", default: false },
    "no-broker": { type: "boolean", default: false },
    vault: { type: "string", default: "https://demo.vault.azure.net" },
    secret: { type: "string", default: "MySecret" },
  },
});

useIdentityPlugin(nativeBrokerPlugin);

try {
  const credential = new InteractiveBrowserCredential({
    clientId: options["client-id"],
    loginHint: options["login-hint"],
    tenantId: options.tenant,
    ...(options["no-broker"]
      ? {}
      : {
          brokerOptions: {
            enabled: true,
            useDefaultBrokerAccount: !options["no-default-account"],
            parentWindowHandle: new Uint8Array(8),
          },
        }),
  });
  const client = new SecretClient(options.vault, credential, { retryOptions: { maxRetries: 0 } });
  const secret = await client.getSecret(options.secret);
  console.log(`${secret.name} = ${secret.value}`);
} catch (error) {
  console.log([error.name, error.statusCode, error.code, error.message].filter(Boolean).join(" | "));
  process.exit(1);
}

// The native runtime keeps the process alive otherwise.
process.exit(0);
