#!/usr/bin/env node
// A person at a browser, as the program that BROWSER names: opens the address in a real Chromium and
// does what the pages ask for, finding things by what a person or a screen reader is told about them.
//
// SIGN_IN_AS       username to type
// SIGN_IN_PASSWORD password to type
// SIGN_IN_HOW      words: keyboard (else the mouse), dark, phone, zoom, wrong-password, decline, always
// SIGN_IN_LOG      file that gets one line a step; nothing is printed
// SIGN_IN_DONE     pipe that is written to when the browser is closed again
// SIGN_IN_PICTURES folder and beginning of the names of the screenshots
// SIGN_IN_KEPT     the same for the picture of the broker's own page that is kept
// SIGN_IN_LAST_PAGE "theirs" if the last page belongs to a library of Microsoft's: its faults are not ours
//
// Like any command that opens a browser it does not wait until the browser is closed: some programs begin to
// listen only when it has ended.
//
// The proxy and the authority to trust are those of every other program: HTTPS_PROXY, NODE_EXTRA_CA_CERTS.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";

const address = process.argv[2];
const user = process.env.SIGN_IN_AS ?? "ada@contoso.example";
const password = process.env.SIGN_IN_PASSWORD ?? "";
const how = new Set((process.env.SIGN_IN_HOW ?? "mouse").split(" "));
const pictures = process.env.SIGN_IN_PICTURES;
const keptPictures = process.env.SIGN_IN_KEPT;
const lastPageIsTheirs = process.env.SIGN_IN_LAST_PAGE === "theirs";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const LONGEST_WAIT = 15_000;
const MOST_PAGES = 12;

if (process.env.SIGN_IN_BEHIND !== "yes") {
  // Whoever waits for the person knows from the first line that there is one.
  say("the browser opens");
  const log = process.env.SIGN_IN_LOG ? openSync(process.env.SIGN_IN_LOG, "a") : "ignore";
  spawn(process.execPath, process.argv.slice(1), {
    env: { ...process.env, SIGN_IN_BEHIND: "yes" },
    stdio: ["ignore", log, log],
  }).unref();
  process.exit(0);
}

const home = mkdtempSync(join(tmpdir(), "chromium-"));
let pageNumber = 0;
let wrongOnce = how.has("wrong-password");

try {
  trustAuthority();
  await signIn();
} catch (error) {
  say(`FAILED: ${error.stack ?? error}`);
  process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  if (process.env.SIGN_IN_DONE) writeFileSync(process.env.SIGN_IN_DONE, "done\n");
}

function trustAuthority() {
  const database = join(home, ".pki", "nssdb");
  mkdirSync(database, { recursive: true });
  const certutil = (...rest) => execFileSync("certutil", ["-d", `sql:${database}`, ...rest], { stdio: "pipe" });
  certutil("-N", "--empty-password");
  certutil("-A", "-n", "emulator", "-t", "C,,", "-i", process.env.NODE_EXTRA_CA_CERTS);
}

/** A zoomed window is one with fewer and larger points. */
function window() {
  if (how.has("phone")) return { viewport: { width: 320, height: 640 } };
  if (how.has("zoom")) return { viewport: { width: 512, height: 384 }, deviceScaleFactor: 2 };
  return { viewport: { width: 1024, height: 768 } };
}

async function signIn() {
  const browser = await chromium.launchPersistentContext(join(home, "profile"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    bypassCSP: true, // so that axe can be put into the page
    colorScheme: how.has("dark") ? "dark" : "light",
    ...window(),
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      `--proxy-server=${process.env.HTTPS_PROXY}`,
    ],
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, "config"), XDG_CACHE_HOME: join(home, "cache") },
  });
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    const hosts = new Set();
    page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const where = message.location().url || page.url();
      const theirs = lastPageIsTheirs && onLoopback(where);
      say(`${theirs ? "at their page: " : "console error: "}${message.text()} (${new URL(where).pathname})`);
    });
    await page.goto(address);
    while (!(await atEnd(page))) {
      await answer(page);
    }
    await page.waitForLoadState();
    await lookAt(page, "end");
    const text = (await page.locator("body").innerText()).replaceAll(/\s+/g, " ");
    say(`end: ${text}`);
    say(`hosts: ${[...hosts].sort().join(", ")}`);
  } finally {
    await browser.close();
  }
}

/** Whether a program on this machine has the answer. The broker's own page asks for something first. */
async function atEnd(page) {
  return onLoopback(page.url()) && (await page.getByRole("button").count()) === 0;
}

/** Does what one page asks for, and waits for the next. */
async function answer(page) {
  if (++pageNumber > MOST_PAGES) throw new Error(`still not signed in after ${MOST_PAGES} pages`);

  const secret = page.locator("input[type=password]:visible");
  const name = page.getByRole("textbox").and(page.locator(":visible:not([type=password])"));
  const account = page.getByRole("button", { name: user }).or(page.getByRole("link", { name: user }));
  const another = page.getByRole("button", { name: /another account|sign in with an account/i });
  const accept = page.getByRole("button", { name: /accept|allow|consent|continue|yes/i });
  const anything = secret.or(name).or(account).or(another).or(accept).first();
  await Promise.race([anything.waitFor({ timeout: LONGEST_WAIT }), page.waitForURL(onLoopback, { timeout: LONGEST_WAIT })]);
  if (await atEnd(page)) return;

  const decline = page.getByRole("button", { name: /cancel|decline|deny|no,/i });
  if (how.has("decline") && (await decline.count()) > 0) {
    await lookAt(page, "decline");
    await go(page, decline.first());
  } else if ((await secret.count()) > 0) {
    await expectName(page, secret.first());
    if (wrongOnce) {
      wrongOnce = false;
      await enter(page, secret.first(), "not the password");
    } else {
      await enter(page, secret.first(), password);
    }
  } else if ((await name.count()) > 0) {
    await expectName(page, name.first());
    await enter(page, name.first(), user);
  } else if ((await account.count()) > 0 || (await another.count()) > 0) {
    if (how.has("always")) await rememberAlways(page);
    await lookAt(page, "account");
    await go(page, (await account.count()) > 0 ? account.first() : another.first());
  } else {
    await lookAt(page, "consent");
    await go(page, accept.first());
  }
}

async function rememberAlways(page) {
  const lasting = page.getByLabel("Remember this answer");
  if ((await lasting.count()) === 0) return;
  if (how.has("keyboard")) {
    await tabTo(page, lasting);
    await page.keyboard.press("End");
    // Back to the top, as a person goes.
    await page.evaluate(() => document.activeElement.blur());
  } else {
    await lasting.selectOption("always");
  }
  say(`remembered: ${await lasting.evaluate((select) => select.selectedOptions[0].textContent)}`);
}

/** A field needs a name that assistive technology reads out; a placeholder is none. */
async function expectName(page, field) {
  const label = await field.evaluate((input) =>
    [...(input.labels ?? [])].map((each) => each.textContent.trim()).join(" ") || input.ariaLabel || "");
  if (!label) throw new Error(`a field without a label: ${await field.evaluate((input) => input.outerHTML)}`);
  say(`field: ${label}`);
  const alert = page.getByRole("alert");
  if ((await alert.count()) > 0) say(`alert: ${(await alert.first().innerText()).trim()}`);
}

async function enter(page, field, text) {
  if (how.has("keyboard")) {
    await tabTo(page, field);
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(text);
    await lookAt(page, "field");
    await leaving(page, () => page.keyboard.press("Enter"));
    return;
  }
  await field.fill(text);
  await lookAt(page, "field");
  // A page may show all its fields at once; then the password is still to come.
  const missing = page.locator("input[type=password]:visible");
  if ((await missing.count()) > 0 && (await missing.first().inputValue()) === "") {
    await expectName(page, missing.first());
    await missing.first().fill(password);
  }
  const submit = page.locator("button[type=submit]:visible, input[type=submit]:visible, form button:not([type]):visible");
  await leaving(page, () => submit.first().click());
}

async function go(page, control) {
  if (how.has("keyboard")) {
    await tabTo(page, control);
    await leaving(page, () => page.keyboard.press("Enter"));
  } else {
    await leaving(page, () => control.click());
  }
}

async function tabTo(page, control) {
  for (let presses = 0; presses < 30; presses++) {
    if (await control.evaluate((element) => element === document.activeElement)) {
      say(`reached with ${presses} presses of Tab`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error("the keyboard does not reach what the page asks for");
}

async function leaving(page, act) {
  const left = page.waitForEvent("framenavigated", {
    predicate: (frame) => frame === page.mainFrame(),
    timeout: LONGEST_WAIT,
  });
  await act();
  await left;
  await page.waitForLoadState();
}

/** Keeps a picture, and asks axe for whatever of WCAG 2.2 AA a program can see. */
async function lookAt(page, what) {
  if (pictures) {
    mkdirSync(dirname(pictures), { recursive: true });
    await page.screenshot({ path: `${pictures}-${pageNumber}-${what}.png`, fullPage: true });
  }
  if (keptPictures && what === "account" && onLoopback(page.url())) {
    mkdirSync(dirname(keptPictures), { recursive: true });
    await page.screenshot({ path: `${keptPictures}-${what}.png`, fullPage: true });
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  // Light letters are the sign that a page follows the wish for darkness.
  const letters = await page.evaluate(() => getComputedStyle(document.body).color.match(/\d+/g).slice(0, 3).map(Number));
  const theirs = lastPageIsTheirs && onLoopback(page.url());
  const fault = theirs ? "at their page" : "FAULT";
  if (how.has("dark") && Math.min(...letters) < 128) say(`${fault} dark: letters are ${letters}`);
  say(`page: ${await page.title()} | ${what} | ${violations.length} faults${wide && !theirs ? " | WIDER THAN THE WINDOW" : ""}`);
  for (const { id, help, nodes } of violations) {
    say(`${fault} ${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
  }
}

function onLoopback(url) {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}

function say(line) {
  if (process.env.SIGN_IN_LOG) appendFileSync(process.env.SIGN_IN_LOG, `${line}\n`);
}
