import * as v from 'valibot';
import { expect, it } from 'vitest';
import { checkSchemas } from '../src/schemas.js';

it('schemas are those of any library that implements the standard', () => {
  const schemas = { reading: v.string() };
  expect(checkSchemas(schemas)).toBe(schemas);
  expect(checkSchemas({})).toEqual({});
});

it.each([null, 7, {}, { '~standard': {} }, () => true])('something else is named: %s', (schema) => {
  expect(() => checkSchemas({ reading: schema as never })).toThrow(/^schemas\.reading must be a Standard Schema/);
});
