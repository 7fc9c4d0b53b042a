// Silent tokens of one credential, one after the other: nanoseconds of each, and of the process's CPU for all.
//   bench.mjs COUNT
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
const token = () => credential.getToken("https://vault.azure.net/.default");

// The first one loads the runtime.
await token();
const took = [];
const before = process.cpuUsage();
for (let left = Number(process.argv[2]); left > 0; left -= 1) {
  const since = process.hrtime.bigint();
  await token();
  took.push(Number(process.hrtime.bigint() - since));
}
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ took, cpu: (user + system) * 1000 }));

// The native runtime keeps the process alive otherwise.
process.exit(0);
