// The part of mqtt-level-store that is used; it brings no types.
declare module 'mqtt-level-store' {
  import type { IStore } from 'mqtt';

  export default function mqttLevelStore(path: string): { readonly incoming: IStore; readonly outgoing: IStore };
}
