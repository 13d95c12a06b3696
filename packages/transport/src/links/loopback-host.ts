// Which hosts are this machine. The rule about plaintext and the rule about authentication both stand on it, in Node and
// in browsers, so it is text only.

const IPV4_LOOPBACK = /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** Whether a host is this machine for sure. Names other than `localhost` are not looked up. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || IPV4_LOOPBACK.test(host);
}
