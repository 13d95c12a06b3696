// impOS's constants under impOS's names. Compare with the names, as its documentation advises: a number may be another one
// elsewhere. Values: developer.electricimp.com/api/server, .../api/hardware/wakereason, .../api/server/onshutdown.

/** The codes of `agent.send`. */
export const SEND_ERROR_NOT_CONNECTED = 1;
/** The timeout ran out before all data was sent. */
export const SEND_ERROR_TIMEOUT = 2;
/** The connection went before all data was sent. */
export const SEND_ERROR_DISCONNECTED = 3;
/** The data does not fit in the send buffer now. */
export const SEND_ERROR_WOULDBLOCK = 4;

/** What `server.connect` tells its callback: connected. */
export const SERVER_CONNECTED = 5;
/** The attempt was given up. */
export const NOT_CONNECTED = 0;
/** No WiFi. */
export const NO_WIFI = 1;
/** No Ethernet link; the same number as `NO_WIFI`. */
export const NO_LINK = 1;
/** No address on the network. */
export const NO_IP_ADDRESS = 2;
/** The server's name does not resolve. */
export const NOT_RESOLVED = 3;
/** Nobody answers at the server's address. */
export const NO_SERVER = 4;
/** The proxy does not answer. */
export const NO_PROXY = 6;
/** The proxy, or here the server, refuses this device. */
export const NOT_AUTHORISED = 7;
/** The modem does not answer. */
export const NO_MODEM = 8;
/** There is no SIM, or it does not work. */
export const SIM_ERROR = 9;
/** Not registered with the cellular network. */
export const NO_REGISTRATION = 10;
/** The cellular network refuses the device. */
export const REGISTRATION_DENIED = 11;
/** No data connection over the cellular network; the number is likely, not confirmed. */
export const NO_PPP_CONNECTION = 12;

/** Why a program starts, as `hardware.wakereason` tells: power came. */
export const WAKEREASON_POWER_ON = 0;
/** A sleep is over. */
export const WAKEREASON_TIMER = 1;
/** `imp.reset` was called. */
export const WAKEREASON_SW_RESET = 2;
/** There is a new program. */
export const WAKEREASON_NEW_SQUIRREL = 4;
/** The program before failed. */
export const WAKEREASON_SQUIRREL_ERROR = 5;
/** There is a new firmware. */
export const WAKEREASON_NEW_FIRMWARE = 6;
/** The device snoozed, woke, and found a connection. */
export const WAKEREASON_SNOOZE = 7;
/** `server.restart` was called. */
export const WAKEREASON_SW_RESTART = 10;

/** Why a program is to end, as `server.onshutdown` tells: there is a new one. */
export const SHUTDOWN_NEWSQUIRREL = 1;
/** There is a new firmware. */
export const SHUTDOWN_NEWFIRMWARE = 2;
/** Something else. */
export const SHUTDOWN_OTHER = 3;

/** A value of the `WAKEREASON_` constants. */
export type WakeReason = 0 | 1 | 2 | 4 | 5 | 6 | 7 | 10;
/** A value of the `SHUTDOWN_` constants. */
export type ShutdownReason = 1 | 2 | 3;
