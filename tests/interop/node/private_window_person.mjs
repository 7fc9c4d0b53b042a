#!/usr/bin/env node
// The person at a private window: comes in through a debugging port that the test opens beside the broker's pipe.
//
//     private_window_person.mjs HOW PROFILE PROCESS
import { existsSync, readFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [how, profile, browserProcess] = process.argv.slice(2);
const NATIVE_CLIENT = "https://login.microsoftonline.com/common/oauth2/nativeclient";

const portFile = join(profile, "DevToolsActivePort");
const written = () => existsSync(portFile) && readFileSync(portFile, "utf8").includes("/devtools/browser");
const changes = watch(profile)[Symbol.asyncIterator]();
for (let change = changes.next(); !written(); change = changes.next()) await change;
const [port] = readFileSync(portFile, "utf8").split("\n");
const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
const [context] = browser.contexts();
const page = context.pages()[0] ?? (await context.waitForEvent("page"));
const name = page.getByLabel("Username");
await name.waitFor({ timeout: 20_000 });
console.log(`page: ${await page.title()}`);

if (how === "close") {
  await page.close();
} else if (how === "kill") {
  process.kill(Number(browserProcess), "SIGKILL");
} else {
  if (how === "hostile") {
    // As a page might that the sign-in leads to.
    const signIn = page.url();
    await page.goto(`${NATIVE_CLIENT}?code=stolen&state=guessed`);
    console.log(`after a wrong state: ${await page.title()}`);
    await page.goto(signIn);
    await name.waitFor();
  }
  await name.fill("ada@contoso.example");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByLabel("Password").fill("ada-Analytical-Engine-1843-note-G-7Qw4Zx");
  console.log("the person signs in");
  await page.getByRole("button", { name: "Sign in" }).click({ noWaitAfter: true }).catch(() => {});
}
process.exit(0);
