// One portal: an HTTP server with Better Auth under /api/auth, tRPC under /trpc and the page on which devices are let in.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { nodeHTTPRequestHandler } from "@trpc/server/adapters/node-http";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { makeAuth } from "./auth.mjs";
import { makeChannel } from "./realtime.mjs";
import { makeRouter } from "./router.mjs";

const DEVICE_PAGE = readFileSync(new URL("device.html", import.meta.url));

export class Portal {
  #settings;
  #secret;
  #send;
  #sql;
  #db;
  #wired;
  #port;
  #server = createServer((request, response) => this.#serve(request, response));

  // `send` takes each mail that would be sent.
  constructor({ database_url, secret, settings }, send) {
    this.#settings = settings;
    this.#secret = secret;
    this.#send = send;
    this.#sql = postgres(database_url, { max: 4, onnotice: () => {} });
    this.#db = drizzle(this.#sql);
  }

  async listen(port) {
    await this.#bind(port);
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    await this.#wire();
  }

  leave() {
    this.#port = this.#server.address().port;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  comeBack() {
    return this.#bind(this.#port);
  }

  // Anything but the latency is part of how the portal is built, which forgets what it counted of requests.
  async change(changed) {
    const rebuilt = Object.keys(changed).some((name) => name !== "latency");
    this.#settings = { ...this.#settings, ...changed };
    if (rebuilt) await this.#wire();
  }

  async close() {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#sql.end({ timeout: 1 });
  }

  #bind(port) {
    return new Promise((done, failed) => this.#server.once("error", failed).listen(port, "127.0.0.1", done));
  }

  async #wire() {
    const settings = this.#settings;
    const auth = makeAuth({ db: this.#db, url: this.url, secret: this.#secret, settings, send: this.#send });
    const router = makeRouter({ settings, channel: makeChannel(auth, settings) });
    const createContext = async ({ req }) => {
      const headers = fromNodeHeaders(req.headers);
      return { db: this.#db, headers, session: await auth.api.getSession({ headers }) };
    };
    this.#wired = { auth: toNodeHandler(auth), router, createContext };
  }

  async #serve(req, res) {
    const { pathname } = new URL(req.url, this.url);
    if (this.#settings.latency) await pause(this.#settings.latency * 1000);
    if (pathname.startsWith("/api/auth/")) return this.#wired.auth(req, res);
    if (pathname.startsWith("/trpc/")) {
      const { router, createContext } = this.#wired;
      return nodeHTTPRequestHandler({ router, createContext, req, res, path: pathname.slice("/trpc/".length) });
    }
    if (pathname === "/device" && this.#settings.profile === "desktop") {
      return res.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(DEVICE_PAGE);
    }
    res.writeHead(404).end();
  }
}
