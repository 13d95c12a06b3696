// Schemas for the data of messages, of any library that implements Standard Schema (standardschema.dev).

import type { DataOf, NameOf } from '@holdfast/protocol';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * A schema for each name whose data is to be looked at before a handler gets it. The handler gets what the schema makes of the
 * data; data that it refuses is rejected for good, with the path of the first fault.
 */
export type Schemas<Messages> = {
  readonly [Name in NameOf<Messages>]?: StandardSchemaV1<unknown, DataOf<Messages, Name>>;
};

/** Checks that these are schemas. @throws TypeError that names the one that is not */
export function checkSchemas<Messages>(schemas: Schemas<Messages>): Schemas<Messages> {
  for (const [name, schema] of Object.entries(schemas)) {
    const standard = (schema as StandardSchemaV1 | undefined)?.['~standard'];
    if (typeof standard?.validate !== 'function') {
      throw new TypeError(`schemas.${name} must be a Standard Schema, as zod, valibot or arktype make them`);
    }
  }
  return schemas;
}
