// Makes Node's built-in fetch go through the proxy that HTTPS_PROXY names.
//
// Node 20 reads no proxy variable for fetch, and libraries that sign in with it have no other way to the emulator.
// Nothing but fetch is touched, and where any piece is missing this file does nothing and says nothing.
'use strict';

(() => {
  try {
    const http = require('node:http');
    const net = require('node:net');
    const tls = require('node:tls');

    const proxy = new URL(process.env.https_proxy || process.env.HTTPS_PROXY);
    if (proxy.protocol !== 'http:' || typeof fetch !== 'function') return;
    const proxyHost = proxy.hostname.replace(/^\[|\]$/g, '');
    const proxyPort = Number(proxy.port) || 80;

    const direct = (process.env.no_proxy || process.env.NO_PROXY || '')
      .split(',')
      .map((entry) => entry.trim().toLowerCase().replace(/^\*?\./, ''))
      .filter(Boolean);
    const isDirect = (host) =>
      direct.some((entry) => entry === '*' || host === entry || host.endsWith(`.${entry}`));

    // The first call loads the library behind fetch, which puts its dispatcher under this symbol.
    const dispatcher = Symbol.for('undici.globalDispatcher.1');
    fetch('data:,').catch(() => {});
    const Agent = globalThis[dispatcher]?.constructor;
    if (typeof Agent?.prototype?.dispatch !== 'function') return;

    const connect = ({ hostname, protocol, port, servername }, done) => {
      const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
      const secure = protocol === 'https:';
      const target = Number(port) || (secure ? 443 : 80);
      const finish = (socket, ready) => {
        const fail = (error) => done(error, null);
        socket.once('error', fail).once(ready, () => done(null, socket.off('error', fail)));
      };
      const secured = (options) => {
        const name = servername || (net.isIP(host) ? '' : host);
        finish(tls.connect({ ...options, servername: name, ALPNProtocols: ['http/1.1'] }), 'secureConnect');
      };
      // Plain requests reach this for the proxy itself or for a host that needs none: see dispatch below.
      if (!secure) return finish(net.connect({ host, port: target }), 'connect');
      if (isDirect(host)) return secured({ host, port: target });

      const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${target}`;
      http
        .request({
          host: proxyHost,
          port: proxyPort,
          method: 'CONNECT',
          path: authority,
          headers: { host: authority },
          agent: false,
        })
        .once('connect', ({ statusCode }, socket) => {
          if (statusCode === 200) return secured({ socket });
          socket.destroy();
          done(new Error(`the proxy refused ${authority} with status ${statusCode}`), null);
        })
        .once('error', (error) => done(error, null))
        .end();
    };

    class ProxyingAgent extends Agent {
      dispatch(options, handler) {
        const origin = new URL(options.origin);
        const host = origin.hostname.replace(/^\[|\]$/g, '').toLowerCase();
        if (origin.protocol !== 'http:' || isDirect(host)) return super.dispatch(options, handler);
        // A plain request names its host in the request line, for the proxy to see.
        return super.dispatch({ ...options, origin: proxy.origin, path: origin.origin + options.path }, handler);
      }
    }
    globalThis[dispatcher] = new ProxyingAgent({ connect });
  } catch {
    // Without a proxy to use or a fetch to change, the program runs as it would.
  }
})();
