// Types of messages by name, for programs that want names, data and replies checked when they are compiled.

/** What one name carries. */
export interface MessageType {
  /** What is sent. */
  readonly data: unknown;
  /** What the handler answers with. @default undefined */
  readonly reply?: unknown;
}

/** The shape of a program's own table: `interface Messages { temperature: { data: { celsius: number }; reply: 'ok' } }`. */
export type MessageTypes<Table> = { readonly [Name in keyof Table]: MessageType };

/** Any name, any data, any reply: what a program without a table has. */
// biome-ignore lint/suspicious/noExplicitAny: a reply of an unknown name is used as whatever the program takes it for
export type AnyMessages = Record<string, { readonly data: any; readonly reply?: any }>;

/** The names of a table. */
export type NameOf<Table> = Extract<keyof Table, string>;

/** What a name of a table carries. */
export type DataOf<Table, Name extends keyof Table> = Table[Name] extends { readonly data: infer Data } ? Data : never;

/** What a handler of that name answers with; `undefined` when the table says nothing of it. */
export type ReplyOf<Table, Name extends keyof Table> = 'reply' extends keyof Table[Name]
  ? Table[Name]['reply']
  : undefined;
