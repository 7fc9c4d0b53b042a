// The rows of the contract that Node's libraries bring about, above the same runtime: which prompt becomes which call,
// and proof of possession, which MSAL for Python refuses on Linux. It wants Ada signed in, and Ada at the browser.
import { createHash, createPublicKey, verify } from "node:crypto";
import { PublicClientApplication } from "@azure/msal-node";
import { NativeBrokerPlugin } from "@azure/msal-node-extensions";
// Where MSAL makes signed requests itself, for what they look like.
import { PopTokenGenerator } from "./node_modules/@azure/msal-common/dist/crypto/PopTokenGenerator.mjs";

const PUBLIC = "https://login.microsoftonline.com";
const TENANT = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
const scopes = ["https://vault.azure.net/.default"];
const secret = "https://demo.vault.azure.net/secrets/MySecret?api-version=7.4";
let rows = 0;
let wrong = 0;

function row(section, name, expected, seen) {
  rows += 1;
  const right = String(seen).startsWith(String(expected));
  wrong += right ? 0 : 1;
  console.log(`${right ? "ok   " : "WRONG"} | ${String(section).padStart(2)} | ${name} | ${expected} | ${seen}`);
}

function application(authority = `${PUBLIC}/common`) {
  return new PublicClientApplication({
    auth: { clientId: "04b07795-8ddb-461a-bbee-02f9e1bf7b46", authority },
    broker: { nativeBrokerPlugin: new NativeBrokerPlugin() },
  });
}

const msal = application();
const openBrowser = async () => {
  throw new Error("without the broker");
};

async function interactively(request = {}) {
  return outcome(() =>
    msal.acquireTokenInteractive({ scopes, openBrowser, windowHandle: Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), ...request }),
  );
}

async function silently(request) {
  return outcome(() => msal.acquireTokenSilent({ scopes, ...request }));
}

async function outcome(ask) {
  try {
    const result = await ask();
    return { said: `token of ${result.account.username}`, ...result };
  } catch (error) {
    return { said: [error.name, error.errorCode, error.message].join(" ") };
  }
}

const part = (token, index) => JSON.parse(Buffer.from(token.split(".")[index], "base64url").toString());

// 5. Which prompt becomes which call: a silent one brings the token that the broker holds, Entra ID's page a new one.
const first = await interactively({ prompt: "select_account" });
row(5, "prompt select_account: the page", "token of ada", first.said);
const account = first.account;
const held = async () => (await interactively({ prompt: "none" })).accessToken;
row(5, "prompt none: silently", true, (await held()) === first.accessToken);
for (const prompt of ["login", "create", "consent"]) {
  const before = await held();
  const result = await interactively({ prompt, account: prompt === "consent" ? account : undefined });
  row(5, `prompt ${prompt}: the page`, "token of ada", result.said);
  // Without an account the user chooses one on the broker's page, and its token is held.
  row(5, `prompt ${prompt}: a new token`, prompt === "consent", result.accessToken !== before);
}
row(5, "no prompt: silently first", true, (await interactively()).accessToken === (await held()));
row(5, "no prompt, a hint: silently first", "token of ada", (await interactively({ loginHint: "ada@contoso.example" })).said);

// 4 and 13. Silence with the account.
const silent = await silently({ account });
row(4, "silently, with the account", "token of ada", silent.said);
row(13, "silently again: from the runtime's cache", true, (await silently({ account })).accessToken === silent.accessToken);
row(4, "the granted scopes have the requested one", true, silent.scopes?.includes(scopes[0]));
row(4, "the tenant", TENANT, silent.tenantId);

// 7. Claims.
const claims = (value) => `{"access_token":{"nbf":{"essential":true,"value":"${value}"}}}`;
const challenged = [await silently({ account, claims: claims(1) }), await silently({ account, claims: claims(2) })];
row(7, "a challenge: a new token each time", true, challenged[0].accessToken !== challenged[1].accessToken);

// 7. Proof of possession.
const proof = (request = {}) => ({
  authenticationScheme: "pop",
  resourceRequestMethod: "GET",
  resourceRequestUri: secret,
  shrNonce: crypto.randomUUID(),
  ...request,
});
const signed = await silently({ account, ...proof() });
row(7, "PoP in silence", "token of ada", signed.said);
row(7, "PoP in silence: the type of token", "pop", signed.tokenType);
const show = async (token) => (await fetch(secret, { headers: { Authorization: `PoP ${token}` } })).status;
const bare = (result) => (result.accessToken ?? "").replace(/^pop /i, "");
row(7, "PoP in silence: the vault takes it", 200, await show(bare(signed)));
row(7, "PoP in silence: the vault does not take it twice", 401, await show(bare(signed)));
row(7, "PoP for another method: the vault refuses it", 401, await show(bare(await silently({ account, ...proof({ resourceRequestMethod: "POST" }) }))));
row(7, "PoP at the page: the vault takes it", 200, await show(bare(await interactively({ prompt: "select_account", ...proof() }))));

const [header, payload, signature] = bare(signed).split(".");
const jwk = part(bare(signed), 1).cnf.jwk;
const key = createPublicKey({ key: jwk, format: "jwk" });
row(7, "PoP: Node's own crypto verifies it", true, verify("sha256", `${header}.${payload}`, key, Buffer.from(signature, "base64url")));
const thumbprint = createHash("sha256").update(JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n })).digest("base64url");
row(7, "PoP: the token is bound to the key", thumbprint, part(part(bare(signed), 1).at, 1).cnf.kid);

// What MSAL would sign for the same request, but for the values.
const theirs = await new PopTokenGenerator(
  { base64UrlEncode: (text) => Buffer.from(text).toString("base64url"), createNewGuid: () => crypto.randomUUID(), signTokenBindingJwt: async (header, payload) => ({ header, payload }) },
  { getTokenBindingPublicKeyJwk: async () => jwk },
).signPayload("token", thumbprint, proof({ resourceRequestUri: "https://demo.vault.azure.net/secrets/MySecret" }));
const fields = (object) => Object.keys(object).filter((name) => object[name] !== undefined).sort().join(" ");
row(7, "PoP: the fields that MSAL itself would sign", fields(theirs.payload), fields(part(bare(signed), 1)));
// Not the path: MSAL for JavaScript writes it in lower case with a slash at the end, which is another one to most services.
for (const name of ["m", "u"]) {
  row(7, `PoP: ${name} as MSAL itself would write it`, theirs.payload[name], part(bare(signed), 1)[name]);
}
row(7, "PoP: type and algorithm as MSAL itself would write them", `${theirs.header.typ} ${theirs.header.alg}`, `${part(bare(signed), 0).typ} ${part(bare(signed), 0).alg}`);

// 8. Authorities.
row(8, "authority of another cloud: not this account", "InteractionRequiredAuthError", (await silently({ account, authority: `https://login.microsoftonline.us/${TENANT}` })).said);
row(8, "authority common, with the account: its own tenant", "token of ada", (await silently({ account, authority: `${PUBLIC}/common` })).said);

console.log(`${rows} rows, ${wrong} wrong`);
// The native runtime keeps the process alive otherwise.
process.exit(wrong ? 1 : 0);
