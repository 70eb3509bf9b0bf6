import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { childrenNamed, readXml, textAt, xmlText } from './xml.ts';

describe('XML', () => {
  test('is read by names without prefixes, with comments, marked sections and entities', () => {
    const document =
      '<?xml version="1.0"?><!-- hello --><s:a xmlns:s="urn:x" s:b="1"><b/><s:b>x &lt;&#65;&#x42;&amp;</s:b><![CDATA[<c>]]></s:a>\n';
    const element = readXml(document);
    expect(element).toEqual({
      name: 'a',
      text: '<c>',
      children: [
        { name: 'b', text: '', children: [] },
        { name: 'b', text: 'x <AB&', children: [] },
      ],
    });
    if (element === null) throw new Error('not read');
    expect(childrenNamed(element, 'b')).toHaveLength(2);
    expect([textAt(element, 'b'), textAt(element, 'b', 'c')]).toEqual(['', '']);
  });

  test.each(['', 'hello', '{}', '<a>', '<a></b>', '</a>', '<a', '<a><b></a></b>', '<html><br><p></html>'])(
    '%j is none',
    (document) => expect(readXml(document)).toBe(null),
  );

  test('takes any text as it is, except for what no document may hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const allowed = [...text.toWellFormed()]
          .filter((sign) => /[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(sign))
          .join('');
        expect(readXml(`<a>${xmlText(text)}</a>`)?.text).toBe(allowed);
      }),
    );
  });
});
